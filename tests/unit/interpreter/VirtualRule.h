//===- VirtualRule.h - Executes a rule's strategies on virtual ranks -----------------------===//
//
// A wrong rule passes both the solver and the proof. So every strategy of every rule is executed:
// operands are split or made partial as the strategy says, the op runs in its local form on each
// rank, and the results, combined by the placements that the rule derives, must be the global op's.
// What a rule says of pads is tested with it: where it needs nothing of them they are NaN.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "OpCases.h"

#include "algebra/Rule.h"
#include "algebra/Sharding.h"

namespace tpc::interpreter::test {

/// How an op is executed on a mesh.
struct Execution {
  Mesh mesh;
  std::vector<Strategy> strategies; ///< one per axis
  int64_t extraPads = 0;            ///< further multiples of the ranks, of each split factor
  int paddedFactor = -1;            ///< a factor that is padded though nothing splits it
};

enum class Verdict { Equal, Different, NotAllowed };

/// Runs one execution. NotAllowed: the rule derives no result. `error` says what differs.
Verdict execute(TestOp &op, const Rule &rule, const std::vector<Tensor> &operands,
                const Execution &execution, std::string &error);

} // namespace tpc::interpreter::test
