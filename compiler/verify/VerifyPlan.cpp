//===- VerifyPlan.cpp - Runs a plan and checks every op ------------------------------------===//

#include "compiler/verify/VerifyPlan.h"

using namespace tpc;
using namespace tpc::verify;

Result<std::unique_ptr<PlanVerifier>>
PlanVerifier::create(RunSession &session, const plan::Entry &entry, mlir::ModuleOp scheduled) {
  nn::EntryOp op = findEntry(scheduled, entry.name()->str());
  if (!op)
    return Status(Code::InvalidInput,
                  "the plan's scheduled program has no entry '" + entry.name()->str() + "'",
                  "compile the model again with this version of tpc");
  TPC_ASSIGN_OR_RETURN(ScheduledEntry steps, ScheduledEntry::create(session.plan(), entry, op));
  std::unique_ptr<PlanVerifier> verifier(new PlanVerifier(std::move(steps), session.numRanks()));
  for (int rank = 0; rank < session.numRanks(); ++rank) {
    verifier->taps_.push_back(std::make_unique<StepTap>(
        rank, session, verifier->entry_, verifier->rendezvous_, verifier->findings_));
    session.addObserver(rank, verifier->taps_.back().get());
  }
  return verifier;
}
