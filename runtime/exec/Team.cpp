//===- Team.cpp - The ranks that one thread drives -------------------------------------------===//
#include "runtime/exec/Team.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

using namespace tpc;
using Needs = ExecutionObserver::Needs;

Status Team::run(const plan::Entry &entry, int64_t step) {
  needs_ = Needs::Steps;
  for (Executor *executor : executors_) {
    TPC_RETURN_IF_ERROR(executor->beginStep(entry, step));
    needs_ = std::max(needs_, executor->needs());
  }
  TPC_ASSIGN_OR_RETURN(EntryState * state, stateOf(entry));
  GraphRecorder *recorder = executors_[0]->device().graphs();
  if (recorder && state->hasRun && needs_ == Needs::Steps) {
    if (!state->graph)
      TPC_RETURN_IF_ERROR(record(entry, *state));
    for (Executor *executor : executors_)
      executor->skipToEnd();
    TPC_RETURN_IF_ERROR(state->graph->launch(origin()));
  } else {
    TPC_RETURN_IF_ERROR(issue(entry, *state));
    state->hasRun = true;
  }
  TPC_RETURN_IF_ERROR(await());
  for (Executor *executor : executors_)
    TPC_RETURN_IF_ERROR(executor->endStep());
  return Status();
}

Result<Team::EntryState *> Team::stateOf(const plan::Entry &entry) {
  auto [at, isNew] = states_.try_emplace(&entry);
  if (!isNew)
    return &at->second;
  if (!forked_.handle) {
    TPC_ASSIGN_OR_RETURN(forked_, executors_[0]->device().createEvent());
  }
  std::set<int> numbers = {0};
  for (const plan::Instruction *instruction : *entry.instructions())
    numbers.insert(instruction->stream());
  for (Executor *executor : executors_)
    for (int number : numbers) {
      if (executor == executors_[0] && number == 0)
        continue;
      Branch branch{executor, executor->device().stream(number), {}};
      TPC_ASSIGN_OR_RETURN(branch.joined, executor->device().createEvent());
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
  for (Executor *executor : executors_)
    TPC_RETURN_IF_ERROR(executor->issue(index));
  if (needs_ == Needs::Data)
    TPC_RETURN_IF_ERROR(await());
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

Status Team::await() {
  using Clock = std::chrono::steady_clock;
  // A short step is caught at once; a long one does not need a core to wait for it.
  constexpr std::chrono::microseconds kSpin{200}, kPause{20};
  Clock::time_point start = Clock::now();
  while (true) {
    bool idle = true;
    for (Executor *executor : executors_) {
      TPC_ASSIGN_OR_RETURN(bool isIdle, executor->isIdle());
      idle &= isIdle;
    }
    if (idle)
      return Status();
    if (Clock::now() - start > kSpin)
      std::this_thread::sleep_for(kPause);
  }
}
