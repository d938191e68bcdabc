//===- Team.h - The ranks that one thread drives ---------------------------------------------===//
//
// Every instruction is issued for all ranks of the team before the next one: a team of several
// ranks needs communicators that do the work of a collective when the last rank has called
// (LockstepGroup.h). On CPU every rank is a team of its own. On a GPU all ranks of a process are
// one: their streams fork from one origin, rank by rank and stream by stream, and join it again, so
// that a step can be kept as one graph of the device. The first step of an entry is issued
// instruction by instruction, and so is every step that an observer wants to see closely.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/Executor.h"

namespace tpc {

class Team {
public:
  /// By ascending rank; they must outlive the team.
  explicit Team(std::vector<Executor *> executors) : executors_(std::move(executors)) {}

  /// One step; all of it is done on return.
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
  Status await();

  std::vector<Executor *> executors_;
  std::map<const plan::Entry *, EntryState> states_;
  Event forked_;
  ExecutionObserver::Needs needs_ = ExecutionObserver::Needs::Steps; ///< in the step at hand
};

} // namespace tpc
