//===- Team.cpp - The ranks that one thread drives -------------------------------------------===//
#include "runtime/exec/Team.h"

#include "runtime/support/Patience.h"

#include <algorithm>
#include <set>

using namespace tpc;
using Needs = ExecutionObserver::Needs;

Status Team::run(const plan::Entry &entry, int64_t step) {
  step_ = step;
  needs_ = Needs::Steps;
  for (Executor *executor : executors_) {
    TPC_RETURN_IF_ERROR(executor->beginStep(entry, step, origin()));
    needs_ = std::max(needs_, executor->needs());
  }
  TPC_ASSIGN_OR_RETURN(EntryState * state, stateOf(entry));
  GraphRecorder *recorder = executors_[0]->device().graphs();
  const bool isGraph = recorder && state->hasRun && needs_ == Needs::Steps;
  if (isGraph) {
    if (!state->graph)
      TPC_RETURN_IF_ERROR(record(entry, *state));
    for (Executor *executor : executors_)
      executor->skipToEnd();
    TPC_RETURN_IF_ERROR(state->graph->launch(origin()));
  } else {
    TPC_RETURN_IF_ERROR(issue(entry, *state));
    state->hasRun = true;
  }
  TPC_RETURN_IF_ERROR(awaitStep(isGraph));
  for (Executor *executor : executors_)
    TPC_RETURN_IF_ERROR(executor->endStep());
  return Status();
}

Result<Team::EntryState *> Team::stateOf(const plan::Entry &entry) {
  auto [at, isNew] = states_.try_emplace(&entry);
  if (!isNew)
    return &at->second;
  if (!forked_.handle) {
    TPC_ASSIGN_OR_RETURN(forked_, executors_[0]->device().createEvent(EventUse::Order));
  }
  std::set<int> numbers = {0};
  for (const plan::Instruction *instruction : *entry.instructions())
    numbers.insert(instruction->stream());
  for (Executor *executor : executors_)
    for (int number : numbers) {
      if (executor == executors_[0] && number == 0)
        continue;
      Branch branch{executor, executor->device().stream(number), {}};
      TPC_ASSIGN_OR_RETURN(branch.joined, executor->device().createEvent(EventUse::Order));
      at->second.branches.push_back(branch);
    }
  return &at->second;
}

Status Team::issue(const plan::Entry &entry, EntryState &state) {
  Device &first = executors_[0]->device();
  TPC_RETURN_IF_ERROR(first.record(forked_, origin()));
  for (const Branch &branch : state.branches)
    TPC_RETURN_IF_ERROR(branch.executor->device().wait(branch.stream, forked_));
  for (uint32_t i = 0; i < entry.instructions()->size(); ++i)
    TPC_RETURN_IF_ERROR(issueInstruction(i));
  for (const Branch &branch : state.branches) {
    TPC_RETURN_IF_ERROR(branch.executor->device().record(branch.joined, branch.stream));
    TPC_RETURN_IF_ERROR(first.wait(origin(), branch.joined));
  }
  return Status();
}

Status Team::issueInstruction(uint32_t index) {
  for (Executor *executor : executors_) {
    TPC_RETURN_IF_ERROR(executor->issue(index));
    if (needs_ == Needs::Data)
      TPC_RETURN_IF_ERROR(awaitInstruction(*executor, index));
  }
  for (Executor *executor : executors_)
    TPC_RETURN_IF_ERROR(executor->complete(index));
  return Status();
}

Status Team::record(const plan::Entry &entry, EntryState &state) {
  GraphRecorder &recorder = *executors_[0]->device().graphs();
  TPC_RETURN_IF_ERROR(recorder.begin(origin()));
  if (Status status = issue(entry, state); !status.ok()) {
    recorder.abandon(origin());
    return status;
  }
  TPC_ASSIGN_OR_RETURN(state.graph, recorder.end(origin()));
  return Status();
}

Status Team::awaitStep(bool isGraph) {
  Result<bool> ended = await();
  if (ended.ok() && *ended)
    return Status();
  std::string where = names() + " failed in step " + std::to_string(step_) +
                      (isGraph ? ", which was launched as one graph: " : ": ");
  if (!ended.ok())
    return Status(Code::RankFailed, where + ended.status().message(), ended.status().hint());
  return Status(Code::RankFailed,
                where + "work on the device has not ended after " +
                    std::to_string(timeout_.count()) + " ms" + (isGraph ? "" : progress()),
                "--check-memory runs one instruction at a time and names the one that does not "
                "end; --timeout waits longer");
}

Status Team::awaitInstruction(Executor &executor, uint32_t index) {
  Result<bool> ended = await();
  if (!ended.ok())
    return executor.failed(ended.status(), index);
  if (*ended)
    return Status();
  return executor.failed(
      Status(Code::RankFailed,
             "it has not ended on the device after " + std::to_string(timeout_.count()) + " ms",
             "--timeout waits longer"),
      index);
}

Result<bool> Team::await() {
  Patience patience(timeout_);
  do {
    bool idle = true;
    for (Executor *executor : executors_) {
      TPC_ASSIGN_OR_RETURN(bool isIdle, executor->isIdle());
      idle &= isIdle;
    }
    if (idle)
      return true;
  } while (patience.pause());
  return false;
}

std::string Team::names() const {
  std::string first = std::to_string(executors_.front()->rank());
  if (executors_.size() == 1)
    return "rank " + first;
  return "ranks " + first + " to " + std::to_string(executors_.back()->rank()) +
         ", which share a device,";
}

std::string Team::progress() const {
  std::string text;
  for (Executor *executor : executors_) {
    Result<bool> idle = executor->isIdle();
    if (idle.ok() && *idle)
      continue;
    std::optional<uint32_t> done = executor->lastDone();
    text += "; of rank " + std::to_string(executor->rank()) + " " +
            (done ? executor->describeInstruction(*done) + " is known to be done"
                  : "no instruction is known to be done");
  }
  return text;
}
