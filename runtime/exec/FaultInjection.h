//===- FaultInjection.h - Failing on purpose
//------------------------------------------------------===//
//
// A test hook: one rank fails or stalls at one instruction of one step. The environment variable
// TPC_INJECT_FAULT=rank=1,step=2,instruction=5,kind=fail (or kind=stall) asks a run for it.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/Observer.h"

#include <functional>
#include <optional>
#include <string>

namespace tpc {

struct Fault {
  enum class Kind { Fail, Stall } kind = Kind::Fail;
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

private:
  Fault fault_;
  std::function<bool()> stopped_;
};

} // namespace tpc
