//===- LaneForms.h - What a value is at adjacent columns -----------------------------------===//
//
// A thread computes several adjacent columns at once, its lanes. An index that grows by one from
// lane to lane, from a multiple of a power of two on, is an access of many bytes; what is the same
// in all lanes is computed once.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/BodyGraph.h"

namespace tpc::codegen {

struct LaneForm {
  enum Kind : uint8_t { Same, Adjacent, Any } kind = Any;
  /// A power of two that divides the (integer) value at lane 0.
  int64_t multiple = 1;
};

class LaneForms {
public:
  /// For `lanes` columns from a multiple of `lanes` on; a power of two.
  LaneForms(const BodyGraph &graph, int64_t lanes) : graph(&graph), lanes(lanes) {}

  LaneForm of(mlir::Value value);
  bool isSame(mlir::Value value) { return of(value).kind == LaneForm::Same; }

private:
  LaneForm ofLeaf(const Leaf &leaf);
  LaneForm ofOp(mlir::Operation *op);

  const BodyGraph *graph;
  int64_t lanes;
  llvm::DenseMap<mlir::Value, LaneForm> forms;
};

} // namespace tpc::codegen
