//===- FaultInjection.cpp - Failing on purpose
//----------------------------------------------------===//

#include "runtime/exec/FaultInjection.h"

#include <charconv>
#include <chrono>
#include <cstdlib>
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
               "write rank=1,step=2,instruction=5,kind=fail or kind=stall");
  Fault fault;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    std::string part = text.substr(begin, end - begin);
    begin = end + 1;
    size_t equals = part.find('=');
    if (equals == std::string::npos)
      return wrong;
    std::string key = part.substr(0, equals), value = part.substr(equals + 1);
    if (key == "kind" && (value == "fail" || value == "stall")) {
      fault.kind = value == "fail" ? Fault::Kind::Fail : Fault::Kind::Stall;
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
  if (event.rank != fault_.rank || event.step != fault_.step || event.index != fault_.instruction)
    return Status();
  while (fault_.kind == Fault::Kind::Stall && !stopped_())
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return Status(Code::RankFailed, "a fault was injected by TPC_INJECT_FAULT");
}
