//===- VerifyPlan.h - Runs a plan and checks every op --------------------------------------===//
//
// The very plan is run; each op is evaluated in float64 on its own inputs, so that errors do not
// accumulate and the first wrong op is exact.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/verify/StepTap.h"

#include <memory>

namespace tpc::verify {

class PlanVerifier {
public:
  /// Taps all ranks of the session, which must not be running. The session must outlive it.
  static Result<std::unique_ptr<PlanVerifier>> create(RunSession &session, const plan::Entry &entry,
                                                      mlir::ModuleOp scheduled);

  const Findings &findings() const { return findings_; }
  size_t numSteps() const { return entry_.steps().size(); }

private:
  PlanVerifier(ScheduledEntry entry, int64_t ranks)
      : entry_(std::move(entry)), rendezvous_(ranks) {}

  ScheduledEntry entry_;
  Rendezvous rendezvous_;
  Findings findings_;
  std::vector<std::unique_ptr<StepTap>> taps_;
};

} // namespace tpc::verify
