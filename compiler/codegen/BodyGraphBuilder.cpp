//===- BodyGraphBuilder.cpp - Joins the bodies of a kernel's ops ---------------------------===//
#include "compiler/codegen/BodyArithmetic.h"

#include "dialects/nn/Types.h"
#include "dialects/tp/TP.h"

using namespace mlir;

namespace tpc::codegen {

namespace {

bool isPrefix(ArrayRef<int64_t> part, ArrayRef<int64_t> whole) {
  return part.size() <= whole.size() && whole.take_front(part.size()) == part;
}

} // namespace

/// Builds the body of one op after the other. Results are rounded to their tensor's type even where
/// only this kernel reads them, so that numbers do not depend on what was fused.
class BodyGraphBuilder final : public BodyArithmetic {
public:
  BodyGraphBuilder(nn::KernelOp kernel, BodyGraph &graph)
      : BodyArithmetic(kernel.getContext()), kernel(kernel), graph(graph) {
    b.setInsertionPointToEnd(&graph.block);
  }

  LogicalResult run(bool tryFlat);
  /// Whether anything asked for rows or columns, so that the domain cannot be flat.
  bool needsRows = false;

  Scalar operand(unsigned index) override;
  Scalar rowOperand(unsigned index) override;
  Scalar operandAt(unsigned index, ArrayRef<Scalar> indices) override;
  void result(unsigned index, Scalar value) override;
  Scalar position(unsigned dim) override;
  Scalar offset(unsigned n) override;
  Scalar reduceColumns(ReduceKind kind, llvm::function_ref<Scalar()> element) override;
  void sumInto(unsigned result, llvm::function_ref<Scalar()> element) override;
  void scatterRows(Scalar row, llvm::function_ref<Scalar()> element) override;

private:
  Level levelOf(Scalar value) const override { return graph.level(value); }
  LogicalResult buildOp(Operation &op);
  void fail(const Twine &reason);

  Scalar addLeaf(Type type, Leaf leaf);
  Scalar rowIndex();
  Scalar columnIndex();
  /// Element index of a tensor whose dims lie along `dims` of the kernel's domain.
  Scalar elementIndex(ArrayRef<unsigned> dims);
  Scalar domainPosition(unsigned dim);
  Scalar load(unsigned tensor, Scalar index, bool inPlace);
  Scalar read(Value tensor, ArrayRef<unsigned> dims);

  nn::KernelOp kernel;
  BodyGraph &graph;

  // The op whose body is being built.
  Operation *op = nullptr;
  SmallVector<unsigned> opDims; ///< the dim of the kernel's domain of each dim of the op's
  bool failed = false;

  Scalar row, column;
  DenseMap<unsigned, Scalar> positions;
  DenseMap<std::pair<unsigned, Scalar>, Scalar> loads;
  DenseMap<std::pair<unsigned, unsigned>, Scalar> indices; ///< by first dim and number of dims
  DenseMap<Value, Scalar> valueOf;                         ///< of results of ops done
  DenseMap<Value, SmallVector<unsigned>> dimsOf;           ///< of the domain, along which these lie
};

using Scalar = nn::BodyBuilder::Scalar;

void BodyGraphBuilder::fail(const Twine &reason) {
  if (!failed)
    op->emitOpError() << reason << " (in kernel '" << kernel.getName()
                      << "'); it must be a kernel of its own";
  failed = true;
}

Scalar BodyGraphBuilder::addLeaf(Type type, Leaf leaf) {
  Scalar value = graph.block.addArgument(type, loc);
  graph.leaves[value] = leaf;
  return value;
}
Scalar BodyGraphBuilder::rowIndex() {
  if (!row)
    row = addLeaf(b.getIndexType(), {Leaf::RowIndex});
  return row;
}
Scalar BodyGraphBuilder::columnIndex() {
  if (!column)
    column = addLeaf(b.getIndexType(), {Leaf::ColumnIndex});
  return column;
}

Scalar BodyGraphBuilder::domainPosition(unsigned dim) {
  Scalar &position = positions[dim];
  if (position)
    return position;
  const Domain &domain = graph.space;
  ArrayRef<int64_t> shape = domain.shape;
  needsRows = true;
  bool inRows = dim < domain.split;
  unsigned first = inRows ? 0 : domain.split, end = inRows ? domain.split : shape.size();
  Scalar index = inRows ? rowIndex() : columnIndex();
  int64_t minor = nn::elementCount(shape.slice(dim + 1, end - dim - 1));
  if (minor != 1)
    index = arith::DivUIOp::create(b, loc, index, constantIndex(minor));
  if (dim != first)
    index = arith::RemUIOp::create(b, loc, index, constantIndex(shape[dim]));
  return positions[dim] = index;
}

Scalar BodyGraphBuilder::elementIndex(ArrayRef<unsigned> dims) {
  const Domain &domain = graph.space;
  unsigned first = dims.empty() ? 0 : dims.front(), count = dims.size();
  Scalar &index = indices[{first, count}];
  if (index)
    return index;
  unsigned rank = domain.shape.size();
  auto linear = [&] {
    Scalar begin = arith::MulIOp::create(b, loc, rowIndex(), constantIndex(domain.columns));
    return arith::AddIOp::create(b, loc, begin, columnIndex());
  };
  if (count == 0)
    return index = constantIndex(0);
  if (count == rank)
    return index = linear();
  needsRows = true;
  if (first == 0 && count == domain.split)
    return index = rowIndex();
  if (first == domain.split && first + count == rank)
    return index = columnIndex();
  Scalar sum;
  for (unsigned dim : dims) {
    Scalar position = domainPosition(dim);
    if (!sum) {
      sum = position;
      continue;
    }
    sum = arith::MulIOp::create(b, loc, sum, constantIndex(domain.shape[dim]));
    sum = arith::AddIOp::create(b, loc, sum, position);
  }
  return indices[{first, count}] = sum;
}

Scalar BodyGraphBuilder::load(unsigned number, Scalar index, bool inPlace) {
  KernelTensor &tensor = graph.allTensors[number];
  tensor.isRead = true;
  tensor.isReadInPlace &= inPlace;
  Scalar &value = loads[{number, index}];
  if (!value) {
    Type type = tensor.element.isBF16() ? b.getF32Type() : tensor.element;
    Leaf leaf{Leaf::Load, number, index};
    value = addLeaf(type, leaf);
  }
  return value;
}

/// An operand's element in the op's arithmetic.
Scalar BodyGraphBuilder::read(Value tensor, ArrayRef<unsigned> dims) {
  Scalar value = valueOf.lookup(tensor);
  if (value && ArrayRef<unsigned>(dimsOf[tensor]) != dims) {
    fail("reads along other dims a value that is made in the kernel");
    return constant(0);
  }
  if (!value) {
    auto argument = dyn_cast<BlockArgument>(tensor);
    if (!argument) {
      fail("reads a sum over rows before it is complete");
      return constant(0);
    }
    bool whole = dims.size() == graph.space.shape.size();
    value = load(argument.getArgNumber(), elementIndex(dims), whole);
  }
  if (!isa<FloatType>(value.getType()))
    return value;
  return convert(value, floatType(graph.level(value)));
}

Scalar BodyGraphBuilder::operand(unsigned index) {
  Value tensor = op->getOperand(index);
  unsigned rank = nn::typeOf(tensor).getRank();
  return read(tensor, ArrayRef<unsigned>(opDims).take_back(rank));
}

Scalar BodyGraphBuilder::rowOperand(unsigned index) {
  needsRows = true;
  return read(op->getOperand(index), ArrayRef<unsigned>(opDims).drop_back());
}

Scalar BodyGraphBuilder::operandAt(unsigned index, ArrayRef<Scalar> at) {
  Value tensor = op->getOperand(index);
  auto argument = dyn_cast<BlockArgument>(tensor);
  if (!argument) {
    fail("reads elsewhere in a value that is made in the kernel");
    return constant(0);
  }
  Scalar element = constantIndex(0);
  for (auto [dim, position] : llvm::enumerate(at)) {
    if (dim == 0) {
      element = position;
      continue;
    }
    element = arith::MulIOp::create(b, loc, element, constantIndex(nn::shapeOf(tensor)[dim]));
    element = arith::AddIOp::create(b, loc, element, position);
  }
  Scalar value = load(argument.getArgNumber(), element, false);
  if (!isa<FloatType>(value.getType()))
    return value;
  return convert(value, floatType(graph.level(value)));
}

void BodyGraphBuilder::result(unsigned index, Scalar value) {
  Value tensor = op->getResult(index);
  Type element = nn::elementOf(tensor);
  if (isa<FloatType>(value.getType())) {
    value = convert(value, element.isF64() ? element : Type(b.getF32Type()));
    if (element.isBF16())
      value = math.roundToBF16(value);
  }
  valueOf[tensor] = value;
  unsigned rank = nn::typeOf(tensor).getRank();
  dimsOf[tensor].assign(opDims.begin(), opDims.begin() + rank);
  const Domain &domain = graph.space;
  needsRows |= rank < domain.shape.size();
  for (OpOperand &use : tensor.getUses()) {
    if (!isa<nn::YieldOp>(use.getOwner()))
      continue;
    ArrayRef<unsigned> dims = ArrayRef<unsigned>(opDims).take_front(rank);
    bool isOneRow = domain.split == 0 && !domain.isFlat;
    if (dims.empty() ? !isOneRow : dims.front() != 0) {
      fail("has a result that would be written once for each row");
      return;
    }
    Level level = dims.size() == domain.shape.size() && !dims.empty() ? Level::Column : Level::Row;
    if (graph.level(value) > level) {
      fail("sets a result of a row from an element");
      return;
    }
    graph.allStores.push_back(
        {Store::Element, use.getOperandNumber(), value, elementIndex(dims), level});
  }
}

Scalar BodyGraphBuilder::position(unsigned dim) { return domainPosition(opDims[dim]); }

Scalar BodyGraphBuilder::offset(unsigned n) {
  for (Value operand : op->getOperands()) {
    if (!operand.getType().isIndex() || n-- != 0)
      continue;
    unsigned number = 0, argument = cast<BlockArgument>(operand).getArgNumber();
    for (Value input : kernel.getInputs().take_front(argument))
      number += input.getType().isIndex();
    return addLeaf(b.getIndexType(), {Leaf::Scalar, number});
  }
  return constantIndex(0);
}

Scalar BodyGraphBuilder::reduceColumns(ReduceKind kind, llvm::function_ref<Scalar()> element) {
  needsRows = true;
  if (opDims.size() != graph.space.shape.size() || graph.space.split + 1 != opDims.size())
    fail("reduces rows that are not the kernel's");
  Leaf leaf{Leaf::Reduction, 0, convert(element(), compute), kind};
  Scalar value = addLeaf(compute, leaf);
  graph.allReductions.push_back(value);
  return value;
}

void BodyGraphBuilder::sumInto(unsigned index, llvm::function_ref<Scalar()> element) {
  Scalar value = convert(element(), compute);
  unsigned rank = graph.space.shape.size();
  SmallVector<int64_t> dims;
  if (auto sum = dyn_cast<nn::SumOp>(op))
    dims.assign(sum.getDims().begin(), sum.getDims().end());
  bool overAll = dims.empty() || dims.size() == opDims.size();
  bool whole = opDims.size() == rank;
  if (!overAll && !whole) {
    fail("sums over some dims of a value that is smaller than the kernel's domain");
    return;
  }
  if (!overAll && dims.front() != 0) {
    // Trailing dims are the columns.
    needsRows = true;
    if (graph.space.split != rank - dims.size()) {
      fail("sums over columns that are not the kernel's");
      return;
    }
    Leaf leaf{Leaf::Reduction, 0, value, ReduceKind::Sum};
    Scalar sum = addLeaf(compute, leaf);
    graph.allReductions.push_back(sum);
    result(index, sum);
    return;
  }
  if (!overAll && graph.space.split != dims.size()) {
    fail("sums over rows that are not the kernel's");
    return;
  }
  // So that a sum over all has one order, too.
  needsRows |= rank > 0;
  Level level = whole && rank > 0 ? Level::Column : Level::Row;
  for (OpOperand &use : op->getResult(index).getUses())
    if (isa<nn::YieldOp>(use.getOwner()))
      graph.allStores.push_back({overAll ? Store::SumAll : Store::SumRows, use.getOperandNumber(),
                                 value, Value(), level});
}

void BodyGraphBuilder::scatterRows(Scalar target, llvm::function_ref<Scalar()> element) {
  needsRows = true;
  Scalar value = convert(element(), compute);
  Value table = op->getResult(0);
  if (graph.depth(value) > 0 || nn::elementOf(table) != compute) {
    fail("scatters values that are reduced or rounded in the kernel");
    return;
  }
  auto store = [&](Value result, std::optional<unsigned> begin) {
    for (OpOperand &use : result.getUses())
      if (isa<nn::YieldOp>(use.getOwner()))
        graph.allStores.push_back(
            {Store::ScatterRow, use.getOperandNumber(), value, target, Level::Column, begin});
  };
  store(table, std::nullopt);
  for (Operation *user : table.getUsers())
    if (isSumOfScatter(*user)) {
      unsigned begin = cast<BlockArgument>(user->getOperand(0)).getArgNumber();
      graph.allTensors[begin].isRead = true;
      store(user->getResult(0), begin);
    }
}

LogicalResult BodyGraphBuilder::buildOp(Operation &next) {
  op = &next;
  compute = b.getF32Type();
  for (Type type : llvm::concat<const Type>(llvm::to_vector(op->getOperandTypes()),
                                            llvm::to_vector(op->getResultTypes())))
    if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && tensor.getElementType().isF64())
      compute = b.getF64Type();
  ArrayRef<int64_t> shape = bodyShape(next), whole = graph.space.shape;
  opDims.clear();
  unsigned first = 0;
  if (!isPrefix(shape, whole)) {
    if (!nn::isSuffix(shape, whole)) {
      fail("has a domain that is no part of the kernel's");
      return failure();
    }
    first = whole.size() - shape.size();
  }
  for (unsigned dim = 0; dim < shape.size(); ++dim)
    opDims.push_back(first + dim);

  if (auto mask = dyn_cast<tp::MaskOp>(next)) {
    // The one op of tp that is computed; which elements are pads is no matter of nn.
    Scalar index = position(mask.getDim());
    index = arith::DivUIOp::create(b, loc, index, constantIndex(mask.getMinor()));
    index = arith::RemUIOp::create(b, loc, index, constantIndex(mask.getExtent()));
    Scalar isInside = less(add(offset(0), index), constantIndex(mask.getLogical()));
    result(0, select(isInside, operand(0), constant(mask.getFill().convertToDouble())));
  } else if (auto body = dyn_cast<nn::BodyOp>(next)) {
    body.buildBody(*this);
  } else {
    return next.emitOpError() << "has no body, and cannot be in kernel '" << kernel.getName()
                              << "'; implement BodyOp in the op's file under dialects/nn";
  }
  return success(!failed);
}

LogicalResult BodyGraphBuilder::run(bool tryFlat) {
  for (Type type : llvm::concat<const Type>(llvm::to_vector(kernel.getInputs().getTypes()),
                                            llvm::to_vector(kernel.getResultTypes()))) {
    KernelTensor tensor;
    if (auto ranked = dyn_cast<RankedTensorType>(type)) {
      tensor.element = ranked.getElementType();
      tensor.shape.assign(ranked.getShape().begin(), ranked.getShape().end());
      tensor.elements = nn::elementCount(tensor.shape);
    }
    graph.allTensors.push_back(tensor);
  }
  graph.inputCount = kernel.getInputs().size();
  graph.space = chooseDomain(kernel, tryFlat);
  Block &body = kernel.getBody().front();
  for (Operation &next : body.without_terminator())
    if (!isSumOfScatter(next) && mlir::failed(buildOp(next)))
      return failure();
  for (OpOperand &yielded : body.getTerminator()->getOpOperands())
    if (isa<BlockArgument>(yielded.get()))
      return kernel.emitOpError() << "hands an input through as its result "
                                  << yielded.getOperandNumber() << "; use the input itself";
  return success();
}

FailureOr<std::unique_ptr<BodyGraph>> BodyGraph::build(nn::KernelOp kernel) {
  for (bool flat : {false, true}) {
    std::unique_ptr<BodyGraph> graph(new BodyGraph);
    BodyGraphBuilder builder(kernel, *graph);
    if (mlir::failed(builder.run(flat)))
      return failure();
    // Without rows the domain is built again, flat.
    if (flat || builder.needsRows || graph->space.shape.empty())
      return graph;
  }
  llvm_unreachable("the second graph is final");
}

} // namespace tpc::codegen
