//===- VirtualRanks.h - Runs local entries on global values --------------------------------===//
//
// Splits global bindings over the ranks of a mesh by the declared types' shardings, runs the local
// program on all ranks, and gathers what it returns and writes. Coordinates come from CoordinateMap
// alone. Pads are filled with what the caller wants, so that a read of a pad shows.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Sharding.h"
#include "compiler/interpreter/Interpreter.h"

#include <optional>

namespace tpc::interpreter {

/// What pads are filled with.
struct PadFill {
  double floats = 0;
  double integers = 0;
};

/// The parts of a global tensor, per rank; no axis may be partial.
std::vector<Tensor> splitTensor(const Tensor &global, const Sharding &sharding, const Mesh &mesh,
                                double pads);

/// The global tensor that the ranks' parts stand for: copies must be equal, partial values are
/// combined, pads are ignored. Nothing, and a sentence in `error`, where two copies differ.
std::optional<Tensor> gatherTensor(llvm::ArrayRef<Tensor> parts, const Sharding &sharding,
                                   const Mesh &mesh, std::string &error);

class VirtualRanks {
public:
  /// The mesh and the shardings are those of the entry's module.
  explicit VirtualRanks(nn::EntryOp entry, PadFill pads = {},
                        Roundings roundings = Roundings::Made);

  const Mesh &mesh() const { return mesh_; }
  /// Of a declared symbol; replicated if its type says nothing.
  Sharding shardingOf(llvm::StringRef symbol) const;

  /// Runs on global bindings. Outputs are replicated, unless `outputs` says how each is sharded.
  /// What is written must keep its pads: the next step reads them.
  mlir::FailureOr<Outcome> run(const Bindings &bindings, llvm::ArrayRef<Sharding> outputs = {});

private:
  nn::EntryOp entry;
  PadFill pads;
  Roundings roundings;
  Mesh mesh_;
};

} // namespace tpc::interpreter
