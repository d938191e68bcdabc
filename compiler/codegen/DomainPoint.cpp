//===- DomainPoint.cpp - Leaves of a body graph --------------------------------------------===//
#include "compiler/codegen/DomainPoint.h"

#include "dialects/nn/Types.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace tpc::codegen {

Value DomainPoint::constant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

Value DomainPoint::addLeaf(Type type, Leaf leaf) {
  Value value = graph.block.addArgument(type, loc);
  graph.leaves[value] = leaf;
  return value;
}
Value DomainPoint::rowIndex() {
  if (!row)
    row = addLeaf(b.getIndexType(), {Leaf::RowIndex});
  return row;
}
Value DomainPoint::columnIndex() {
  if (!column)
    column = addLeaf(b.getIndexType(), {Leaf::ColumnIndex});
  return column;
}

Value DomainPoint::position(unsigned dim) {
  Value &position = positions[dim];
  if (position)
    return position;
  const Domain &domain = graph.space;
  ArrayRef<int64_t> shape = domain.shape;
  needsRows = true;
  bool inRows = dim < domain.split;
  unsigned first = inRows ? 0 : domain.split, end = inRows ? domain.split : shape.size();
  Value index = inRows ? rowIndex() : columnIndex();
  int64_t minor = nn::elementCount(shape.slice(dim + 1, end - dim - 1));
  if (minor != 1)
    index = arith::DivUIOp::create(b, loc, index, constant(minor));
  if (dim != first)
    index = arith::RemUIOp::create(b, loc, index, constant(shape[dim]));
  return positions[dim] = index;
}

Value DomainPoint::elementIndex(ArrayRef<unsigned> dims) {
  const Domain &domain = graph.space;
  unsigned first = dims.empty() ? 0 : dims.front(), count = dims.size();
  Value &index = indices[{first, count}];
  if (index)
    return index;
  unsigned rank = domain.shape.size();
  auto linear = [&] {
    Value begin = arith::MulIOp::create(b, loc, rowIndex(), constant(domain.columns));
    return arith::AddIOp::create(b, loc, begin, columnIndex());
  };
  if (count == 0)
    return index = constant(0);
  if (count == rank)
    return index = linear();
  needsRows = true;
  if (first == 0 && count == domain.split)
    return index = rowIndex();
  if (first == domain.split && first + count == rank)
    return index = columnIndex();
  Value sum;
  for (unsigned dim : dims) {
    Value position = this->position(dim);
    if (!sum) {
      sum = position;
      continue;
    }
    sum = arith::MulIOp::create(b, loc, sum, constant(domain.shape[dim]));
    sum = arith::AddIOp::create(b, loc, sum, position);
  }
  return indices[{first, count}] = sum;
}

Value DomainPoint::load(unsigned number, Value index, bool inPlace) {
  KernelTensor &tensor = graph.allTensors[number];
  tensor.isRead = true;
  tensor.isReadInPlace &= inPlace;
  Value &value = loads[{number, index}];
  if (!value) {
    Type type = tensor.element.isBF16() ? b.getF32Type() : tensor.element;
    value = addLeaf(type, {Leaf::Load, number, index});
  }
  return value;
}

Value DomainPoint::scalar(unsigned number) {
  Value &value = scalars[number];
  if (!value)
    value = addLeaf(b.getIndexType(), {Leaf::Scalar, number});
  return value;
}

Value DomainPoint::reduction(ReduceKind kind, Value element) {
  needsRows = true;
  Value value = addLeaf(element.getType(), {Leaf::Reduction, 0, element, kind});
  graph.allReductions.push_back(value);
  return value;
}

} // namespace tpc::codegen
