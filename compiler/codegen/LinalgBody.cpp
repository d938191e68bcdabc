//===- LinalgBody.cpp - Notes a body down, and cuts it into linalg ops ---------------------===//
#include "compiler/codegen/LinalgBody.h"

#include "compiler/codegen/KernelDomain.h"
#include "dialects/nn/Types.h"
#include "dialects/tp/TP.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>
#include <functional>
#include <set>

using namespace mlir;

namespace tpc::codegen {

using Scalar = nn::BodyBuilder::Scalar;

static SmallVector<unsigned> firstDims(unsigned count) {
  return llvm::to_vector(llvm::seq<unsigned>(0, count));
}

/// The loops that a tensor along `dims` lies along, where `outer` loops are before those of dims.
static AffineMap mapOf(ArrayRef<unsigned> dims, unsigned outer, unsigned loops,
                       MLIRContext *context) {
  SmallVector<AffineExpr> along;
  for (unsigned dim : dims)
    along.push_back(getAffineDimExpr(dim + outer, context));
  return AffineMap::get(loops, 0, along, context);
}

LinalgBody::LinalgBody(Operation &op, LinalgKernel &kernel, IRMapping &tensors, OpBuilder function)
    : BodyArithmetic(op.getContext()), op(&op), kernel(kernel), tensors(tensors), f(function),
      domain(bodyShape(op)) {
  b.setInsertionPointToEnd(&noted);
  compute = b.getF32Type();
  for (Type type : llvm::concat<const Type>(llvm::to_vector(op.getOperandTypes()),
                                            llvm::to_vector(op.getResultTypes())))
    if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && tensor.getElementType().isF64())
      compute = b.getF64Type();
}

LogicalResult LinalgBody::build() {
  if (auto mask = dyn_cast<tp::MaskOp>(op)) {
    // The one op of tp that is computed; which elements are pads is no matter of nn.
    Scalar index = position(mask.getDim());
    index = arith::DivUIOp::create(b, loc, index, constantIndex(mask.getMinor()));
    index = arith::RemUIOp::create(b, loc, index, constantIndex(mask.getExtent()));
    Scalar isInside = less(add(offset(0), index), constantIndex(mask.getLogical()));
    result(0, select(isInside, operand(0), constant(mask.getFill().convertToDouble())));
  } else if (auto body = dyn_cast<nn::BodyOp>(op)) {
    body.buildBody(*this);
  } else {
    return op->emitOpError() << "has no body, and cannot be in kernel '"
                             << cast<nn::KernelOp>(op->getParentOp()).getName()
                             << "'; implement BodyOp in the op's file under dialects/nn";
  }
  if (!failed)
    setResults();
  for (OpResult result : op->getResults())
    if (!tensors.contains(result) &&
        llvm::any_of(result.getUsers(), [](Operation *user) { return !isSumOfScatter(*user); }))
      fail("has a body that does not set its result " + Twine(result.getResultNumber()));
  return success(!failed);
}

void LinalgBody::fail(const Twine &reason) {
  if (!failed)
    op->emitOpError(reason);
  failed = true;
}

//===--- what a body asks for ---===//

Level LinalgBody::wholeLevel() const { return domain.empty() ? Level::Uniform : Level::Column; }

Level LinalgBody::levelOf(Scalar value) const {
  if (auto it = levels.find(value); it != levels.end())
    return it->second;
  if (value.getParentBlock() != &noted)
    return Level::Uniform; // an offset, or a tensor that is read at some index
  Level level = Level::Uniform;
  if (auto position = value.getDefiningOp<linalg::IndexOp>())
    level = position.getDim() + 1 == domain.size() ? Level::Column : Level::Row;
  for (Scalar operand : value.getDefiningOp()->getOperands())
    level = std::max(level, levelOf(operand));
  return levels[value] = level;
}

Scalar LinalgBody::read(Value tensor, ArrayRef<unsigned> dims, Level level) {
  for (auto &[value, read] : reads)
    if (read.tensor == tensor && ArrayRef<unsigned>(read.dims) == dims)
      return value;
  Scalar value = noted.addArgument(nn::elementOf(tensor), loc);
  reads[value] = {tensor, llvm::to_vector(dims)};
  levels[value] = level;
  return value;
}

Scalar LinalgBody::widened(Scalar value) {
  return isa<FloatType>(value.getType()) ? convert(value, floatType(levelOf(value))) : value;
}

Scalar LinalgBody::narrowed(Scalar value, Type element) {
  if (!isa<FloatType>(value.getType()))
    return value;
  // In two steps from f64 to bf16, as a cast of the rounded result would do it.
  return convert(convert(value, element.isF64() ? element : Type(b.getF32Type())), element);
}

Scalar LinalgBody::operand(unsigned index) {
  Value tensor = tensors.lookup(op->getOperand(index));
  unsigned rank = nn::typeOf(tensor).getRank();
  SmallVector<unsigned> dims = firstDims(domain.size());
  Level level = rank == 0 ? Level::Uniform : Level::Column;
  return widened(read(tensor, ArrayRef<unsigned>(dims).take_back(rank), level));
}

Scalar LinalgBody::rowOperand(unsigned index) {
  Value tensor = tensors.lookup(op->getOperand(index));
  return widened(read(tensor, firstDims(domain.size() - 1), Level::Row));
}

Scalar LinalgBody::operandAt(unsigned index, ArrayRef<Scalar> indices) {
  Value tensor = tensors.lookup(op->getOperand(index));
  return widened(tensor::ExtractOp::create(b, loc, tensor, indices));
}

Scalar LinalgBody::position(unsigned dim) { return linalg::IndexOp::create(b, loc, dim); }

Scalar LinalgBody::offset(unsigned n) {
  for (Value operand : op->getOperands())
    if (operand.getType().isIndex() && n-- == 0)
      return tensors.lookup(operand);
  return constantIndex(0);
}

void LinalgBody::result(unsigned index, Scalar value) {
  results.emplace_back(index, narrowed(value, nn::elementOf(op->getResult(index))));
}

Scalar LinalgBody::reduceColumns(ReduceKind kind, llvm::function_ref<Scalar()> element) {
  if (domain.empty()) {
    fail("reduces the columns of a domain that has none");
    return constant(0);
  }
  int64_t columns = domain.size() - 1;
  Value row = reduce(kind, convert(element(), compute), columns);
  return read(row, firstDims(columns), Level::Row);
}

void LinalgBody::sumInto(unsigned index, llvm::function_ref<Scalar()> element) {
  SmallVector<int64_t> dims;
  if (auto sum = dyn_cast<nn::SumOp>(op))
    dims.assign(sum.getDims().begin(), sum.getDims().end());
  if (dims.empty())
    dims = llvm::to_vector(llvm::seq<int64_t>(0, domain.size()));
  Value sum = reduce(ReduceKind::Sum, convert(element(), compute), dims);
  // The sum is complete before it is rounded.
  Type type = nn::elementOf(op->getResult(index));
  if (type != compute) {
    LinalgBody rounding(*op, kernel, tensors, f);
    rounding.domain = without(dims);
    unsigned rank = rounding.domain.size();
    Scalar whole = rounding.read(sum, firstDims(rank), rounding.wholeLevel());
    Scalar rounded = rounding.narrowed(whole, type);
    sum = rounding.pointwise(rounded, type, rank, rounding.wholeLevel()).front();
  }
  tensors.map(op->getResult(index), sum);
}

void LinalgBody::scatterRows(Scalar row, llvm::function_ref<Scalar()> element) {
  Scalar value = convert(element(), compute);
  Value table = op->getResult(0);
  if (nn::elementOf(table) != compute) {
    fail("scatters values that are rounded in the kernel");
    return;
  }
  // A loop over rows of the table around all others: a row adds the elements that are for it.
  unsigned loops = domain.size() + 1;
  auto scatter = [&](Value begin) {
    Piece piece{{row, value}, wholeLevel(), /*outer=*/1};
    SmallVector<bool> isReduced(loops, true);
    isReduced.front() = isReduced.back() = false;
    AffineMap rowAndColumn = AffineMap::get(
        loops, 0, {f.getAffineDimExpr(0), f.getAffineDimExpr(loops - 1)}, f.getContext());
    return generic(piece, begin, rowAndColumn, isReduced,
                   [&](OpBuilder &in, ArrayRef<Value> roots, ValueRange outs) {
                     Value tableRow = linalg::IndexOp::create(in, loc, 0);
                     Value isHere = arith::CmpIOp::create(in, loc, arith::CmpIPredicate::eq,
                                                          roots[0], tableRow);
                     Value sum = arith::AddFOp::create(in, loc, outs[0], roots[1]);
                     Value next = arith::SelectOp::create(in, loc, isHere, sum, outs[0]);
                     return SmallVector<Value>{next};
                   })
        .front();
  };
  bool isRead = false;
  for (Operation *user : table.getUsers()) {
    if (isSumOfScatter(*user))
      tensors.map(user->getResult(0), scatter(tensors.lookup(user->getOperand(0))));
    isRead |= !isSumOfScatter(*user);
  }
  if (isRead)
    tensors.map(table, scatter(filled(nn::shapeOf(table), compute, 0.0)));
}

/// The stream is an argument, so that the dropouts of all layers are one kernel.
Scalar LinalgBody::randomBits(Scalar seed, uint32_t, Scalar element, Scalar step) {
  if (!isa<nn::DropoutOp>(op)) {
    fail("draws random bits, of which only dropouts have streams (streamsOf)");
    return constantInt(0);
  }
  Value argument = kernel.body().getArgument(kernel.firstStream + kernel.streamsTaken++);
  Scalar stream = arith::IndexCastOp::create(b, loc, b.getI32Type(), argument);
  return math.philox(seed, stream, element, step);
}

//===--- how it is cut ---===//

void LinalgBody::collect(Scalar value, Piece &piece) {
  if (reads.contains(value)) {
    piece.ins.insert(value);
    return;
  }
  Operation *definition = value.getDefiningOp();
  if (value.getParentBlock() != &noted || piece.ops.contains(definition))
    return;
  bool isConstant = definition->hasTrait<OpTrait::ConstantLike>();
  if (levelOf(value) < piece.level && isa<FloatType>(value.getType()) && !isConstant) {
    separate(value);
    piece.ins.insert(value);
    return;
  }
  for (Scalar operand : definition->getOperands())
    collect(operand, piece);
  piece.ops.insert(definition);
}

void LinalgBody::separate(Scalar value) {
  Level level = levelOf(value);
  unsigned rank = level == Level::Uniform ? 0 : domain.size() - 1;
  Value tensor = pointwise(value, value.getType(), rank, level).front();
  reads[value] = {tensor, firstDims(rank)};
}

ResultRange LinalgBody::generic(Piece &piece, ValueRange outs, ArrayRef<AffineMap> outMaps,
                                ArrayRef<bool> isReduced, Finish finish) {
  for (Scalar root : piece.roots)
    collect(root, piece);
  unsigned loops = isReduced.size();
  SmallVector<Value> ins;
  SmallVector<AffineMap> maps;
  for (Scalar value : piece.ins) {
    const Read &read = reads[value];
    ins.push_back(read.tensor);
    maps.push_back(mapOf(read.dims, piece.outer, loops, f.getContext()));
  }
  llvm::append_range(maps, outMaps);
  SmallVector<utils::IteratorType> iterators;
  for (bool reduced : isReduced)
    iterators.push_back(reduced ? utils::IteratorType::reduction : utils::IteratorType::parallel);
  auto copyPiece = [&](OpBuilder &in, Location, ValueRange elements) {
    IRMapping copies;
    for (auto [value, element] : llvm::zip(piece.ins, elements))
      copies.map(value, element);
    for (Operation &next : noted) {
      if (!piece.ops.contains(&next))
        continue;
      Operation *copy = in.clone(next, copies);
      if (auto position = dyn_cast<linalg::IndexOp>(copy))
        position.setDim(position.getDim() + piece.outer);
    }
    SmallVector<Value> roots;
    for (Scalar root : piece.roots)
      roots.push_back(copies.lookupOrDefault(root));
    linalg::YieldOp::create(in, loc, finish(in, roots, elements.drop_front(piece.ins.size())));
  };
  auto made = linalg::GenericOp::create(f, op->getLoc(), outs.getTypes(), ins, outs, maps,
                                        iterators, copyPiece);
  kernel.origin[made] = op;
  return made.getResults();
}

ResultRange LinalgBody::pointwise(ArrayRef<Scalar> values, ArrayRef<Type> elements, unsigned rank,
                                  Level level) {
  SmallVector<Value> outs;
  for (Type element : elements)
    outs.push_back(
        tensor::EmptyOp::create(f, op->getLoc(), ArrayRef(domain).take_front(rank), element));
  SmallVector<AffineMap> maps(values.size(), f.getMultiDimIdentityMap(rank));
  Piece piece{llvm::to_vector(values), level};
  return generic(
      piece, outs, maps, SmallVector<bool>(rank, false),
      [](OpBuilder &, ArrayRef<Value> roots, ValueRange) { return llvm::to_vector(roots); });
}

Value LinalgBody::filled(ArrayRef<int64_t> shape, Type element, double value) {
  Value empty = tensor::EmptyOp::create(f, op->getLoc(), shape, element);
  Value constant = arith::ConstantOp::create(f, op->getLoc(), f.getFloatAttr(element, value));
  return linalg::FillOp::create(f, op->getLoc(), constant, empty).getResult(0);
}

SmallVector<int64_t> LinalgBody::without(ArrayRef<int64_t> dims) const {
  SmallVector<int64_t> kept;
  for (auto [dim, extent] : llvm::enumerate(domain))
    if (!llvm::is_contained(dims, static_cast<int64_t>(dim)))
      kept.push_back(extent);
  return kept;
}

Value LinalgBody::reduce(ReduceKind kind, Scalar element, ArrayRef<int64_t> dims) {
  SmallVector<bool> isReduced(domain.size(), false);
  for (int64_t dim : dims)
    isReduced[dim] = true;
  SmallVector<unsigned> kept;
  for (auto [dim, reduced] : llvm::enumerate(isReduced))
    if (!reduced)
      kept.push_back(dim);
  Value neutral = filled(without(dims), compute, kind == ReduceKind::Sum ? 0.0 : -INFINITY);
  Piece piece{{element}, wholeLevel()};
  AffineMap outMap = mapOf(kept, /*outer=*/0, domain.size(), f.getContext());
  return generic(piece, neutral, outMap, isReduced,
                 [&](OpBuilder &in, ArrayRef<Value> roots, ValueRange outs) {
                   Value next =
                       kind == ReduceKind::Sum
                           ? arith::AddFOp::create(in, loc, outs[0], roots[0]).getResult()
                           : arith::MaximumFOp::create(in, loc, outs[0], roots[0]).getResult();
                   return SmallVector<Value>{next};
                 })
      .front();
}

/// Results of one rank are set by one op, those of elements first: what these need of a row may be
/// a result itself.
void LinalgBody::setResults() {
  auto rankOf = [&](unsigned result) { return nn::shapeOf(op->getResult(result)).size(); };
  std::set<unsigned, std::greater<>> ranks;
  for (auto [index, value] : results)
    ranks.insert(rankOf(index));
  for (unsigned rank : ranks) {
    Level level = rank == domain.size() ? wholeLevel() : Level::Row;
    SmallVector<Value> tensorsOfOp;
    SmallVector<Scalar> values;
    SmallVector<Type> elements;
    for (auto [index, value] : results) {
      Value result = op->getResult(index);
      if (rankOf(index) != rank)
        continue;
      if (levelOf(value) > level)
        return fail("sets a result of a row from an element");
      if (Value tensor = madeAlong(value, rank)) {
        tensors.map(result, tensor);
        continue;
      }
      tensorsOfOp.push_back(result);
      values.push_back(value);
      elements.push_back(nn::elementOf(result));
    }
    if (values.empty())
      continue;
    ResultRange made = pointwise(values, elements, rank, level);
    for (auto [result, tensor] : llvm::zip_equal(tensorsOfOp, made))
      tensors.map(result, tensor);
  }
}

Value LinalgBody::madeAlong(Scalar value, unsigned rank) {
  auto it = reads.find(value);
  if (it == reads.end() || it->second.dims != firstDims(rank))
    return {};
  Value tensor = it->second.tensor;
  return kernel.origin.lookup(tensor.getDefiningOp()) == op ? tensor : Value();
}

} // namespace tpc::codegen
