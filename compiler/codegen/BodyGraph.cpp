//===- BodyGraph.cpp - Levels and depths of values -----------------------------------------===//
#include "compiler/codegen/BodyGraph.h"

using namespace mlir;

namespace tpc::codegen {

const Leaf *BodyGraph::leaf(Value value) const {
  auto it = leaves.find(value);
  return it == leaves.end() ? nullptr : &it->second;
}

Level BodyGraph::level(Value value) const {
  if (auto it = levels.find(value); it != levels.end())
    return it->second;
  Level result = Level::Uniform;
  if (const Leaf *leaf = this->leaf(value)) {
    switch (leaf->kind) {
    case Leaf::RowIndex:
    case Leaf::Reduction:
      result = Level::Row;
      break;
    case Leaf::ColumnIndex:
      result = Level::Column;
      break;
    case Leaf::Scalar:
      break;
    case Leaf::Load:
      result = level(leaf->operand);
      break;
    }
  } else {
    for (Value operand : value.getDefiningOp()->getOperands())
      result = std::max(result, level(operand));
  }
  levels[value] = result;
  return result;
}

unsigned BodyGraph::depth(Value value) const {
  if (auto it = depths.find(value); it != depths.end())
    return it->second;
  unsigned result = 0;
  if (const Leaf *leaf = this->leaf(value)) {
    if (leaf->operand)
      result = depth(leaf->operand) + (leaf->kind == Leaf::Reduction ? 1 : 0);
  } else {
    for (Value operand : value.getDefiningOp()->getOperands())
      result = std::max(result, depth(operand));
  }
  depths[value] = result;
  return result;
}

} // namespace tpc::codegen
