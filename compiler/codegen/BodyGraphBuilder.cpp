//===- BodyGraphBuilder.cpp - Joins the linalg ops of a kernel -----------------------------===//
//
// Each op's region is evaluated at the point, its loops laid along dims of the kernel's domain.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/codegen/DomainPoint.h"
#include "compiler/codegen/LinalgKernel.h"
#include "compiler/codegen/NumberedScalars.h"

#include "dialects/nn/Types.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace tpc::codegen {

namespace {

bool isPrefix(ArrayRef<int64_t> part, ArrayRef<int64_t> whole) {
  return part.size() <= whole.size() && whole.take_front(part.size()) == part;
}

/// Arguments of a kernel that are scalars of its functions.
unsigned scalarsIn(ArrayRef<BlockArgument> arguments) {
  return llvm::count_if(arguments,
                        [](BlockArgument argument) { return argument.getType().isIndex(); });
}

/// A sum that is complete only after all rows.
struct OpenSum {
  Store::Kind kind;
  Value element;
  Level level;
};

} // namespace

class BodyGraphBuilder {
public:
  BodyGraphBuilder(nn::KernelOp kernel, Arithmetic arithmetic, const LinalgKernel &ops,
                   BodyGraph &graph)
      : kernel(kernel), ops(ops), graph(graph), b(kernel.getContext()), loc(b.getUnknownLoc()),
        point(graph, b), scalars(b, arithmetic) {
    b.setInsertionPointToEnd(&graph.block);
  }

  LogicalResult run(bool tryFlat);
  bool needsRows() const { return point.needsRows; }

private:
  LogicalResult join(linalg::GenericOp next);
  LogicalResult placeLoops();
  void joinReduction();
  void joinScatter();
  void joinPointwise();
  void fail(const Twine &reason);

  Value constantIndex(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }
  /// The value of the graph for one of the op's region.
  Value get(Value value);
  Value join(Operation *scalar);
  Value offset(BlockArgument argument);
  Value readElement(BlockArgument element);
  Value extract(tensor::ExtractOp op);
  /// The domain's dims along which the op's `number`-th operand lies.
  SmallVector<unsigned> dimsOf(unsigned number);
  void setResult(Value tensor, Value value, ArrayRef<unsigned> dims);
  void storeSum(Value tensor, OpenSum sum);
  /// Calls `store` with each result of the kernel that `tensor` is.
  void forEachReturn(Value tensor, llvm::function_ref<void(unsigned)> store);

  nn::KernelOp kernel;
  const LinalgKernel &ops;
  BodyGraph &graph;
  OpBuilder b;
  Location loc;
  DomainPoint point;
  NumberedScalars scalars;

  // The op that is being joined.
  linalg::GenericOp op;
  SmallVector<unsigned> opDims;   ///< the kernel's dim of each dim of the body's domain
  SmallVector<unsigned> loopDims; ///< and of each loop, without a scatter's outer one
  unsigned outer = 0;             ///< loops before them
  DenseMap<Value, Value> valueOf;
  bool failed = false;

  // Tensors that ops before made.
  struct Made {
    Value value;
    SmallVector<unsigned> dims; ///< of the domain
  };
  DenseMap<Value, Made> made;
  DenseMap<Value, OpenSum> openSums;
};

void BodyGraphBuilder::fail(const Twine &reason) {
  if (!failed)
    ops.origin.lookup(op)->emitOpError()
        << reason << " (in kernel '" << kernel.getName() << "'); it must be a kernel of its own";
  failed = true;
}

//===--- scalars of a region ---===//

Value BodyGraphBuilder::offset(BlockArgument argument) {
  return point.scalar(
      scalarsIn(argument.getOwner()->getArguments().take_front(argument.getArgNumber())));
}

Value BodyGraphBuilder::get(Value value) {
  if (Value done = valueOf.lookup(value))
    return done;
  Value result;
  if (auto argument = dyn_cast<BlockArgument>(value))
    result = argument.getOwner() == op.getBody() ? readElement(argument) : offset(argument);
  else
    result = join(value.getDefiningOp());
  valueOf[value] = result;
  return result;
}

SmallVector<unsigned> BodyGraphBuilder::dimsOf(unsigned number) {
  SmallVector<unsigned> dims;
  AffineMap map = op.getMatchingIndexingMap(&op->getOpOperand(number));
  for (AffineExpr loop : map.getResults())
    dims.push_back(loopDims[cast<AffineDimExpr>(loop).getPosition() - outer]);
  return dims;
}

Value BodyGraphBuilder::readElement(BlockArgument element) {
  unsigned number = element.getArgNumber();
  Value tensor = op->getOperand(number);
  SmallVector<unsigned> dims = dimsOf(number);
  if (auto it = made.find(tensor); it != made.end()) {
    if (it->second.dims != dims)
      fail("reads along other dims a value that is made in the kernel");
    return it->second.value;
  }
  auto argument = dyn_cast<BlockArgument>(tensor);
  if (!argument) {
    fail("reads a sum over rows before it is complete");
    return constantIndex(0);
  }
  bool isWhole = dims.size() == graph.space.shape.size();
  return point.load(argument.getArgNumber(), point.elementIndex(dims), isWhole);
}

/// The argument that a tensor is, or that an op widens to it element by element.
static BlockArgument argumentOf(Value tensor) {
  if (auto widening = tensor.getDefiningOp<linalg::GenericOp>()) {
    auto wide = widening.getBody()->getTerminator()->getOperand(0).getDefiningOp<arith::ExtFOp>();
    if (wide && wide.getIn() == widening.getBody()->getArgument(0) &&
        llvm::all_of(widening.getIndexingMapsArray(),
                     [](AffineMap map) { return map.isIdentity(); }))
      return dyn_cast<BlockArgument>(widening.getOperand(0));
  }
  return dyn_cast<BlockArgument>(tensor);
}

Value BodyGraphBuilder::extract(tensor::ExtractOp op) {
  BlockArgument argument = argumentOf(op.getTensor());
  if (!argument) {
    fail("reads elsewhere in a value that is made in the kernel");
    return constantIndex(0);
  }
  ArrayRef<int64_t> shape = op.getTensor().getType().getShape();
  Value element = constantIndex(0);
  for (auto [dim, index] : llvm::enumerate(op.getIndices())) {
    Value position = get(index);
    if (dim == 0) {
      element = position;
      continue;
    }
    element = arith::MulIOp::create(b, loc, element, constantIndex(shape[dim]));
    element = arith::AddIOp::create(b, loc, element, position);
  }
  Value value = point.load(argument.getArgNumber(), element, /*inPlace=*/false);
  Type type = op.getType();
  if (value.getType() == type || type.isBF16())
    return value;
  return arith::ExtFOp::create(b, loc, type, value);
}

Value BodyGraphBuilder::join(Operation *scalar) {
  if (auto position = dyn_cast<linalg::IndexOp>(scalar))
    return point.position(loopDims[position.getDim() - outer]);
  SmallVector<Value> operands;
  if (auto element = dyn_cast<tensor::ExtractOp>(scalar)) {
    for (Value index : element.getIndices())
      operands.push_back(get(index));
    operands.push_back(element.getTensor());
    return scalars.once(scalar, operands, [&] { return extract(element); });
  }
  for (Value operand : scalar->getOperands())
    operands.push_back(get(operand));
  if (failed)
    return operands.empty() ? constantIndex(0) : operands.front();
  return scalars.compute(scalar, operands);
}

//===--- ops ---===//

void BodyGraphBuilder::forEachReturn(Value tensor, llvm::function_ref<void(unsigned)> store) {
  for (OpOperand &use : tensor.getUses())
    if (isa<func::ReturnOp>(use.getOwner()))
      store(use.getOperandNumber());
}

/// Where the loops of the op are in the kernel's domain.
LogicalResult BodyGraphBuilder::placeLoops() {
  ArrayRef<int64_t> shape = bodyShape(*ops.origin.lookup(op)), whole = graph.space.shape;
  unsigned first = 0;
  if (!isPrefix(shape, whole)) {
    if (!nn::isSuffix(shape, whole)) {
      fail("has a domain that is no part of the kernel's");
      return failure();
    }
    first = whole.size() - shape.size();
  }
  opDims.clear();
  for (unsigned dim = 0; dim < shape.size(); ++dim)
    opDims.push_back(first + dim);
  // A scatter has a loop over the table's rows around those of its domain.
  unsigned loops = op.getNumLoops();
  outer = loops > shape.size();
  loopDims.assign(opDims.begin(), opDims.begin() + (loops - outer));
  return success();
}

void BodyGraphBuilder::setResult(Value tensor, Value value, ArrayRef<unsigned> dims) {
  made[tensor] = {value, llvm::to_vector(dims)};
  const Domain &domain = graph.space;
  forEachReturn(tensor, [&](unsigned result) {
    point.needsRows |= dims.size() < domain.shape.size();
    bool isOneRow = domain.split == 0 && !domain.isFlat;
    if (dims.empty() ? !isOneRow : dims.front() != 0) {
      fail("has a result that would be written once for each row");
      return;
    }
    bool isOfColumns = dims.size() == domain.shape.size() && !dims.empty();
    graph.allStores.push_back({Store::Element, result, value, point.elementIndex(dims),
                               isOfColumns ? Level::Column : Level::Row});
  });
}

void BodyGraphBuilder::joinPointwise() {
  Operation *yield = op.getBody()->getTerminator();
  // What rounds a sum over rows does it where the sum is complete.
  auto rounding = yield->getOperand(0).getDefiningOp<arith::TruncFOp>();
  if (rounding && rounding.getIn() == op.getBody()->getArgument(0))
    if (auto it = openSums.find(op->getOperand(0)); it != openSums.end())
      return storeSum(op->getResult(0), it->second);
  for (auto [tensor, element] : llvm::zip_equal(op->getResults(), yield->getOperands()))
    setResult(tensor, get(element), loopDims);
}

void BodyGraphBuilder::joinReduction() {
  point.needsRows = true;
  Operation *step = op.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  ReduceKind kind = isa<arith::AddFOp>(step) ? ReduceKind::Sum : ReduceKind::Max;
  Value element = get(step->getOperand(1)), tensor = op->getResult(0);
  if (failed)
    return;
  SmallVector<unsigned> reduced;
  op.getReductionDims(reduced);
  unsigned count = reduced.size(), rank = graph.space.shape.size();
  bool isWhole = opDims.size() == rank;
  bool isOverAll = count == opDims.size();
  auto isRead = [&] {
    return llvm::any_of(tensor.getUsers(),
                        [](Operation *user) { return isa<linalg::GenericOp>(user); });
  };
  if (isOverAll ? rank == 1 && isWhole && (kind == ReduceKind::Max || isRead())
                : reduced.front() != 0) {
    if (!isWhole || graph.space.split != rank - count) {
      fail("reduces rows that are not the kernel's");
      return;
    }
    Value value = point.reduction(kind, element);
    setResult(tensor, value, ArrayRef<unsigned>(loopDims).drop_back(count));
    return;
  }
  if (!isOverAll && !isWhole) {
    fail("sums over some dims of a value that is smaller than the kernel's domain");
    return;
  }
  if (!isOverAll && graph.space.split != count) {
    fail("sums over rows that are not the kernel's");
    return;
  }
  storeSum(tensor, {isOverAll ? Store::SumAll : Store::SumRows, element,
                    isWhole ? Level::Column : Level::Row});
}

void BodyGraphBuilder::storeSum(Value tensor, OpenSum sum) {
  openSums[tensor] = sum;
  forEachReturn(tensor, [&](unsigned result) {
    graph.allStores.push_back({sum.kind, result, sum.element, Value(), sum.level});
  });
}

void BodyGraphBuilder::joinScatter() {
  point.needsRows = true;
  // yield(row == table row ? sum + element : sum)
  Operation *choice = op.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  Value target = get(choice->getOperand(0).getDefiningOp()->getOperand(0));
  Value element = get(choice->getOperand(1).getDefiningOp()->getOperand(1));
  if (failed)
    return;
  if (graph.depth(element) > 0) {
    fail("scatters values that are reduced in the kernel");
    return;
  }
  std::optional<unsigned> begin;
  if (auto input = dyn_cast<BlockArgument>(op.getDpsInits().front())) {
    begin = input.getArgNumber();
    graph.allTensors[*begin].isRead = true;
  }
  forEachReturn(op->getResult(0), [&](unsigned result) {
    graph.allStores.push_back({Store::ScatterRow, result, element, target, Level::Column, begin});
  });
}

LogicalResult BodyGraphBuilder::join(linalg::GenericOp next) {
  op = next;
  valueOf.clear();
  if (mlir::failed(placeLoops()))
    return failure();
  if (outer)
    joinScatter();
  else if (op.getNumReductionLoops())
    joinReduction();
  else
    joinPointwise();
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
  graph.scalarCount = scalarsIn(ops.body().getArguments());
  graph.space = chooseDomain(kernel, tryFlat);
  for (auto next : ops.body().getOps<linalg::GenericOp>())
    if (mlir::failed(join(next)))
      return failure();
  return success();
}

FailureOr<std::unique_ptr<BodyGraph>> BodyGraph::build(nn::KernelOp kernel, Arithmetic arithmetic) {
  FailureOr<LinalgKernel> ops = LinalgKernel::build(kernel);
  if (failed(ops))
    return failure();
  for (bool flat : {false, true}) {
    std::unique_ptr<BodyGraph> graph(new BodyGraph);
    BodyGraphBuilder builder(kernel, arithmetic, *ops, *graph);
    if (mlir::failed(builder.run(flat)))
      return failure();
    // Without rows the domain is built again, flat.
    if (flat || builder.needsRows() || graph->space.shape.empty())
      return graph;
  }
  llvm_unreachable("the second graph is final");
}

} // namespace tpc::codegen
