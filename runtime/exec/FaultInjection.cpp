//===- FaultInjection.cpp - Failing on purpose ------------------------------------------------===//

#include "runtime/exec/FaultInjection.h"

#include "runtime/device/HostAccess.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

using namespace tpc;

Result<std::optional<Fault>> tpc::faultFromEnvironment() {
  const char *text = std::getenv("TPC_INJECT_FAULT");
  if (!text)
    return std::optional<Fault>();
  TPC_ASSIGN_OR_RETURN(Fault fault, parseFault(text));
  return std::optional<Fault>(fault);
}

Result<Fault> tpc::parseFault(const std::string &text) {
  Status wrong(Code::Usage, "TPC_INJECT_FAULT '" + text + "' is not understood",
               "write rank=1,step=2,instruction=5,kind=fail; kinds are fail, stall, nan, kill, "
               "stop, exit");
  Fault fault;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    std::string part = text.substr(begin, end - begin);
    begin = end + 1;
    size_t equals = part.find('=');
    if (equals == std::string::npos)
      return wrong;
    std::string key = part.substr(0, equals), value = part.substr(equals + 1);
    if (key == "kind") {
      constexpr const char *kinds[] = {"fail", "stall", "nan", "kill", "stop", "exit"};
      auto found = std::find(std::begin(kinds), std::end(kinds), value);
      if (found == std::end(kinds))
        return wrong;
      fault.kind = static_cast<Fault::Kind>(found - std::begin(kinds));
      continue;
    }
    int64_t number = 0;
    auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || rest != value.data() + value.size() || number < 0)
      return wrong;
    if (key == "rank")
      fault.rank = static_cast<int>(number);
    else if (key == "step")
      fault.step = number;
    else if (key == "instruction")
      fault.instruction = static_cast<uint32_t>(number);
    else
      return wrong;
  }
  return fault;
}

Status FaultInjector::before(const InstructionEvent &event) {
  if (!isHere(event))
    return Status();
  switch (fault_.kind) {
  case Fault::Kind::NaN:
    return Status();
  case Fault::Kind::Kill:
    raise(SIGKILL);
    break;
  case Fault::Kind::Stop:
    // Goes on when it is continued.
    raise(SIGSTOP);
    return Status();
  case Fault::Kind::Exit:
    std::_Exit(0);
  case Fault::Kind::Stall:
    while (!stopped_())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    break;
  case Fault::Kind::Fail:
    break;
  }
  return Status(Code::RankFailed, "a fault was injected by TPC_INJECT_FAULT");
}

Status FaultInjector::after(const InstructionEvent &event) {
  if (!isHere(event) || fault_.kind != Fault::Kind::NaN)
    return Status();
  const auto &slices = *event.instruction.operands();
  for (uint32_t i = 0; i < slices.size(); ++i)
    if (slices.Get(i)->access() != plan::Access::read) {
      // All bits set is a NaN in every real type.
      return writeOnHost(event.device, event.operands[i], slices.Get(i)->bytes(),
                         [&](void *memory) {
                           std::memset(memory, 0xFF, slices.Get(i)->bytes());
                           return Status();
                         });
    }
  return Status();
}
