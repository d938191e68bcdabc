//===- StepTap.h - Checks ops while a plan runs --------------------------------------------===//
//
// An observer of one rank. Before the first instruction of an op it copies what the op reads, since
// much is updated in place; after the last one it evaluates the op on that and compares.
// Collectives are evaluated when the last rank has seen its results.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/verify/Findings.h"
#include "compiler/verify/ScheduledEntry.h"
#include "runtime/exec/RunSession.h"

#include <mutex>

namespace tpc::verify {

/// The values of a plan's buffer, in float64.
Tensor readTensor(const void *data, plan::DType dtype, interpreter::Shape shape);

/// What all ranks bring to a collective.
class Rendezvous {
public:
  struct Visit {
    std::vector<std::vector<Tensor>> operands, results; ///< per rank
  };

  explicit Rendezvous(int64_t ranks) : ranks_(ranks) {}
  /// All visits, once the last rank has come.
  std::optional<Visit> arrive(int64_t step, size_t index, int rank, std::vector<Tensor> operands,
                              std::vector<Tensor> results);

private:
  struct Open {
    Visit visit;
    int64_t arrived = 0;
  };
  int64_t ranks_;
  std::mutex mutex_;
  std::map<std::pair<int64_t, size_t>, Open> open_;
};

class StepTap final : public ExecutionObserver {
public:
  /// All must outlive the tap.
  StepTap(int rank, const RunSession &session, const ScheduledEntry &entry, Rendezvous &rendezvous,
          Findings &findings)
      : rank_(rank), session_(session), entry_(entry), rendezvous_(rendezvous),
        findings_(findings) {}

  Status before(const InstructionEvent &event) override;
  Status after(const InstructionEvent &event) override;

private:
  /// Appends what a place holds.
  Status read(const std::optional<Place> &place, mlir::Value value,
              std::vector<Tensor> &tensors) const;
  Subject subjectOf(const InstructionEvent &event, const ScheduledStep &step, int rank,
                    unsigned result) const;
  void compare(const InstructionEvent &event, const ScheduledStep &step, int rank,
               const std::vector<Bounded> &expected, const std::vector<Tensor> &found);

  int rank_;
  const RunSession &session_;
  const ScheduledEntry &entry_;
  Rendezvous &rendezvous_;
  Findings &findings_;
  std::vector<Tensor> operands_; ///< of the op at hand, from before it
};

} // namespace tpc::verify
