//===- PlanFixture.h - Small plans made by hand -----------------------------------------------===//
//
// Tests of the runtime need plans without a compiler. PlanBuilder places buffers one after the
// other; rowSplitLinear is a whole program with a collective, an output and an update in place.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/plan/Convert.h"
#include "runtime/plan/PlanFile.h"

#include <functional>

namespace tpc::test {

/// Values of scratch are numbered from here on: a program by hand has fewer of its own.
inline constexpr uint32_t kFirstScratchValue = 1000;

/// One place where an instruction touches a buffer, whole unless bytes say otherwise.
struct Use {
  uint32_t buffer;
  plan::Access access;
  uint32_t value;
  uint32_t writtenValue = 0;
  uint64_t offset = 0;
  uint64_t bytes = ~0ull;
};
inline Use reads(uint32_t buffer, uint32_t value) { return {buffer, plan::Access::read, value}; }
inline Use writes(uint32_t buffer, uint32_t value) { return {buffer, plan::Access::write, value}; }
inline Use updates(uint32_t buffer, uint32_t from, uint32_t to) {
  return {buffer, plan::Access::read_write, from, to};
}

class PlanBuilder {
public:
  explicit PlanBuilder(Mesh mesh);

  uint32_t arena(plan::ArenaKind kind);
  /// Placed at the next free bytes of the arena.
  uint32_t buffer(const std::string &name, uint32_t arena, DType dtype, const Sharding &sharding);
  /// A buffer of its own for the scratch of one instruction, and its use there.
  Use workspace(uint64_t bytes);
  void parameter(const std::string &name, uint32_t buffer, plan::InitKind init, double a = 0,
                 double b = 0);
  plan::EntryT &entry(const std::string &name);
  /// Appends an instruction without a body to the last entry.
  plan::InstructionT &instruction(const std::string &name, const std::vector<Use> &uses,
                                  uint8_t stream = 0, std::vector<uint32_t> waits = {});
  plan::InstructionT &gemm(const std::string &name, const GemmShape &shape,
                           const std::vector<Use> &uses, uint8_t stream = 0,
                           std::vector<uint32_t> waits = {});
  plan::InstructionT &fill(const std::string &name, double value, Use use);
  plan::InstructionT &copy(const std::string &name, Use source, Use destination);
  plan::InstructionT &allReduce(const std::string &name, uint8_t axis, Use input, Use output,
                                uint8_t stream = 0, std::vector<uint32_t> waits = {});

  std::vector<uint8_t> seal();
  /// Loads what seal gives; fails the test if it does not load.
  PlanFile load();

  plan::PlanT plan;
  Mesh mesh;

private:
  uint32_t sequence_ = 0;
};

/// y[4, 6] = x[4, 8] . w[6, 8]^T with the 8 split over `ranks` ranks: partial products, an
/// all_reduce on a stream of its own, loss = sum(y), and an update w += c . x[0, :] with
/// c = -0.125. Outputs "loss" and "y". Entries: "train" and "forward" (without the update).
PlanBuilder rowSplitLinear(int64_t ranks);

/// Indices of its buffers.
enum RowSplitBuffer : uint32_t { kW, kX, kPart, kY, kOnes, kLoss, kC, kStep };

/// Damages a plan.
using Mutation = std::function<void(plan::PlanT &)>;

/// Instruction `i` of the entry "train" of rowSplitLinear.
plan::InstructionT &train(plan::PlanT &plan, size_t i);

/// Why a plan does not load, by the fault of its bytes; empty if it loads.
std::string refusal(const std::vector<uint8_t> &bytes);
/// The same after `mutate`.
std::string refusalAfter(const Mutation &mutate, PlanBuilder b = rowSplitLinear(2));

/// A parameter of so many floats, split over the ranks, that no instruction touches; a step writes
/// the output "loss".
PlanBuilder holds(int64_t elements, int64_t ranks = 1);

} // namespace tpc::test
