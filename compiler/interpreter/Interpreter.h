//===- Interpreter.h - Runs entries in float64 ---------------------------------------------===//
//
// The reference of the tests: what an entry means, on one device or on the ranks of a mesh.
//
// A module of any level from `model` to `scheduled` can be run. At `model`, `grad` and `sharded`
// shapes are global: Interpreter. At `local` and below, VirtualRanks (VirtualRanks.h).
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Mesh.h"
#include "compiler/interpreter/Roundings.h"
#include "compiler/interpreter/Tensor.h"
#include "dialects/nn/NN.h"

#include <map>
#include <string>

namespace tpc::interpreter {

/// Values of inputs, scalars, parameters and states, by symbol; a tied parameter by the symbol that
/// owns the storage.
using Bindings = std::map<std::string, Tensor>;

struct Outcome {
  std::vector<Tensor> outputs; ///< in the order of nn.return
  Bindings writes;             ///< what nn.write stored
};

class Interpreter {
public:
  /// Runs an entry of global shapes. Fails, with an error on the op, where a binding is missing or
  /// does not fit its type, or an op is unknown.
  static mlir::FailureOr<Outcome> run(nn::EntryOp entry, const Bindings &bindings,
                                      Roundings roundings = Roundings::Made);

  /// Runs an entry on all ranks of a mesh in lockstep, op by op: one bindings and one outcome per
  /// rank, of the entry's own (local) shapes.
  static mlir::FailureOr<std::vector<Outcome>> runOnMesh(nn::EntryOp entry, const Mesh &mesh,
                                                         llvm::ArrayRef<Bindings> bindings,
                                                         Roundings roundings = Roundings::Made);
};

} // namespace tpc::interpreter
