//===- Team.h - The ranks that one thread drives ---------------------------------------------===//
//
// Every instruction is issued for all ranks of the team before the next one: a team of several
// ranks needs communicators that do the work of a collective when the last rank has called
// (LockstepGroup.h). On CPU every rank is a team of its own. On a GPU all ranks of a process are
// one: their streams fork from one origin, rank by rank and stream by stream, and join it again, so
// that a step can be kept as one graph of the device. The first step of an entry is issued
// instruction by instruction, and so is every step that an observer wants to see closely.
//
// What does not end within the timeout has failed. What is known then, and when the device says
// that work failed, is how the step was issued: of a graph that it was launched, of instructions
// enqueued one by one which are done, and one that ran alone is named.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/Executor.h"

#include <chrono>

namespace tpc {

class Team {
public:
  /// By ascending rank; they must outlive the team. `timeout`: how long the host waits for a step,
  /// or for an instruction that runs alone.
  Team(std::vector<Executor *> executors, std::chrono::milliseconds timeout)
      : executors_(std::move(executors)), timeout_(timeout) {}

  /// One step; all of it is done on return. After a failure work may still be under way.
  Status run(const plan::Entry &entry, int64_t step);

private:
  /// A stream of a rank, but for the origin.
  struct Branch {
    Executor *executor;
    Stream stream;
    Event joined;
  };
  struct EntryState {
    std::vector<Branch> branches;
    bool hasRun = false;
    std::unique_ptr<Graph> graph;
  };

  Stream origin() const { return executors_[0]->device().stream(0); }
  Result<EntryState *> stateOf(const plan::Entry &entry);
  Status issue(const plan::Entry &entry, EntryState &state);
  Status issueInstruction(uint32_t index);
  Status record(const plan::Entry &entry, EntryState &state);
  Status awaitStep(bool isGraph);
  Status awaitInstruction(Executor &executor, uint32_t index);
  /// Whether all that was enqueued ended before the timeout.
  Result<bool> await();
  /// "rank 0", or what all ranks of the team are.
  std::string names() const;
  /// What is known to be done of the step, rank by rank.
  std::string progress() const;

  std::vector<Executor *> executors_;
  std::chrono::milliseconds timeout_;
  std::map<const plan::Entry *, EntryState> states_;
  Event forked_;
  // In the step at hand:
  int64_t step_ = 0;
  ExecutionObserver::Needs needs_ = ExecutionObserver::Needs::Steps;
};

} // namespace tpc
