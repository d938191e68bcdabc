//===- FaultInjection.h - Failing on purpose --------------------------------------------------===//
//
// A test hook: something happens to one rank at one instruction of one step. The environment
// variable TPC_INJECT_FAULT=rank=1,step=2,instruction=5,kind=fail asks a run for it. Kinds:
//   fail, stall   the instruction fails, or never begins
//   nan           what the instruction wrote first becomes NaN
//   kill, stop    the rank's process gets SIGKILL or SIGSTOP
//   exit          the rank's process ends with status 0
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/Observer.h"

#include <functional>
#include <optional>
#include <string>

namespace tpc {

struct Fault {
  enum class Kind { Fail, Stall, NaN, Kill, Stop, Exit } kind = Kind::Fail;
  int rank = 0;
  int64_t step = 1;
  uint32_t instruction = 0;
};

/// What TPC_INJECT_FAULT asks for; nothing if it is not set.
Result<std::optional<Fault>> faultFromEnvironment();
Result<Fault> parseFault(const std::string &text);

class FaultInjector final : public ExecutionObserver {
public:
  /// A stalled rank stays so until `stopped` says that the run is over.
  FaultInjector(Fault fault, std::function<bool()> stopped)
      : fault_(fault), stopped_(std::move(stopped)) {}

  Status before(const InstructionEvent &event) override;
  Status after(const InstructionEvent &event) override;

private:
  bool isHere(const InstructionEvent &event) const {
    return event.rank == fault_.rank && event.step == fault_.step &&
           event.index == fault_.instruction;
  }

  Fault fault_;
  std::function<bool()> stopped_;
};

} // namespace tpc
