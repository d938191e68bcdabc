//===- Decision.h - What is to be split how: between solver and application ----------------===//
//
// A decision says, for the entries of one module at level `grad`, how every op is executed along
// every axis and how every declared symbol is held. Who decides (the solver, a test) and who writes
// it into types and reshards (applyShardings) know nothing else of each other.
//
// What a decision need not say, because it follows: layouts of factors that don't divide (padded to
// the next multiple of the axis, or as the operand that is split already has it), the shardings of
// values (from the rules), and where reshards stand.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Rule.h"

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"

namespace mlir {
class Operation;
}

namespace tpc {

/// How one op is executed.
struct OpDecision {
  /// One per axis of the mesh, in its order; each one of strategies(rule of the op), and on
  /// different factors or linear sets where they are not replicated on both axes. An empty one says
  /// nothing: replicated. On an axis of one rank everything is replicated, whatever is decided.
  ///
  /// nn.add alone has a wider meaning of "replicated" and of "split factor": addends that are
  /// partial(sum) on the axis are added to each other first, and their sum is resharded once. So a
  /// cost model counts one reshard for all of them (each addend that has other users, too, is
  /// resharded by itself).
  std::vector<Strategy> perAxis;
  /// Which decision this is, and what else was possible at what cost: a clause for `why` of the
  /// reshards in front of the op. "least predicted time; without it all but pointwise ops take
  /// 3.2 us more".
  std::string origin;
};

struct Decision {
  Mesh mesh;
  /// Inputs, parameters and states, by symbol. One that is missing is replicated; scalars are
  /// always replicated; a tie has the sharding of its target. None is partial.
  llvm::StringMap<Sharding> symbols;
  /// Every op of every entry that has a rule. One that is missing is replicated on all axes.
  llvm::DenseMap<mlir::Operation *, OpDecision> ops;
  /// Float32 values that are rounded to bfloat16 where they move between ranks.
  llvm::DenseSet<mlir::Value> roundedOnWire;
};

} // namespace tpc
