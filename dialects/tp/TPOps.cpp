//===- TPOps.cpp - Verifiers of the tp dialect ---------------------------------------------===//
//
// What can be said of one op from its types and the module's mesh. What a value means on the ranks
// is the business of the proof (compiler/partition/Proof.h).
//
//===---------------------------------------------------------------------------------------===//
#include "dialects/tp/TP.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

/// The keyword alone: an enum attribute prints a space of its own in front.
static ParseResult parseKind(OpAsmParser &parser, tpc::tp::ReduceAttr &kind) {
  StringRef keyword;
  SMLoc place = parser.getCurrentLocation();
  if (parser.parseKeyword(&keyword))
    return failure();
  std::optional<tpc::tp::Reduce> value = tpc::tp::symbolizeReduce(keyword);
  if (!value)
    return parser.emitError(place) << "'" << keyword << "' is no reduction: sum or max";
  kind = tpc::tp::ReduceAttr::get(parser.getContext(), *value);
  return success();
}
static void printKind(OpAsmPrinter &printer, Operation *, tpc::tp::ReduceAttr kind) {
  printer << tpc::tp::stringifyReduce(kind.getValue());
}

#define GET_OP_CLASSES
#include "dialects/tp/TPOps.cpp.inc"

namespace tpc::tp {

bool isCollective(Operation *op) {
  return isa<AllReduceOp, AllGatherOp, ReduceScatterOp, AllToAllOp>(op);
}

//===--- mesh ---===//

ParseResult MeshOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  StringAttr name;
  SmallVector<Attribute> names;
  SmallVector<int64_t> sizes;
  auto parseAxis = [&] {
    std::string axis;
    if (parser.parseString(&axis) || parser.parseEqual() ||
        parser.parseInteger(sizes.emplace_back()))
      return failure();
    names.push_back(builder.getStringAttr(axis));
    return success();
  };
  if (parser.parseSymbolName(name, "sym_name", result.attributes) ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseAxis) ||
      parser.parseOptionalAttrDict(result.attributes))
    return failure();
  result.addAttribute("axis_names", builder.getArrayAttr(names));
  result.addAttribute("axis_sizes", builder.getDenseI64ArrayAttr(sizes));
  return success();
}

void MeshOp::print(OpAsmPrinter &printer) {
  printer << " ";
  printer.printSymbolName(getSymName());
  printer << " [";
  llvm::interleaveComma(llvm::zip_equal(getAxisNames(), getAxisSizes()), printer, [&](auto axis) {
    printer << std::get<0>(axis) << " = " << std::get<1>(axis);
  });
  printer << "]";
  printer.printOptionalAttrDict((*this)->getAttrs(), {"sym_name", "axis_names", "axis_sizes"});
}

LogicalResult MeshOp::verify() {
  if (getAxisNames().size() != getAxisSizes().size())
    return emitOpError() << "has " << getAxisNames().size() << " axis names, but "
                         << getAxisSizes().size() << " sizes";
  llvm::StringSet<> seen;
  for (auto [name, size] : llvm::zip_equal(getAxisNames(), getAxisSizes())) {
    if (!seen.insert(cast<StringAttr>(name).getValue()).second)
      return emitOpError() << "names axis " << name << " twice";
    if (size < 1)
      return emitOpError() << "gives axis " << name << " the size " << size
                           << "; an axis has at least one rank";
  }
  auto module = dyn_cast_if_present<ModuleOp>((*this)->getParentOp());
  if (!module)
    return emitOpError("stands in the module itself");
  if (findMesh(module) != *this)
    return emitOpError("is a second mesh; a module has one");
  return success();
}

//===--- common checks ---===//

namespace {

/// The size of an op's axis in the module's mesh.
FailureOr<int64_t> axisSize(Operation *op, StringRef axis) {
  auto module = op->getParentOfType<ModuleOp>();
  MeshOp mesh = module ? findMesh(module) : MeshOp();
  if (!mesh)
    return op->emitOpError("needs the module's tp.mesh, and there is none");
  for (auto [name, size] : llvm::zip_equal(mesh.getAxisNames(), mesh.getAxisSizes()))
    if (cast<StringAttr>(name).getValue() == axis)
      return size;
  return op->emitOpError() << "names axis \"" << axis << "\", which the mesh lacks";
}

LogicalResult checkDim(Operation *op, RankedTensorType type, int64_t dim) {
  if (dim < 0 || dim >= type.getRank())
    return op->emitOpError() << "names dim " << dim << " of a tensor of rank " << type.getRank();
  return success();
}

/// Each result has the element type and the shape of its input, but for what `change` does to it.
LogicalResult
checkCollective(Operation *op,
                function_ref<LogicalResult(RankedTensorType, SmallVectorImpl<int64_t> &)> change) {
  if (op->getNumOperands() == 0)
    return op->emitOpError("needs at least one tensor");
  if (op->getNumOperands() != op->getNumResults())
    return op->emitOpError() << "has " << op->getNumOperands() << " inputs, but "
                             << op->getNumResults() << " results";
  for (auto [index, input, result] : llvm::enumerate(op->getOperandTypes(), op->getResultTypes())) {
    auto type = cast<RankedTensorType>(input);
    auto resultType = cast<RankedTensorType>(result);
    SmallVector<int64_t> shape(type.getShape());
    if (failed(change(type, shape)))
      return failure();
    if (type.getElementType() != resultType.getElementType() ||
        ArrayRef<int64_t>(shape) != resultType.getShape())
      return op->emitOpError() << "result " << index << " is " << resultType << ", expected "
                               << RankedTensorType::get(shape, type.getElementType());
  }
  return success();
}

LogicalResult divideDim(Operation *op, SmallVectorImpl<int64_t> &shape, int64_t dim,
                        int64_t ranks) {
  if (shape[dim] % ranks != 0)
    return op->emitOpError() << "splits dim " << dim << " of extent " << shape[dim] << " over "
                             << ranks << " ranks, which does not divide; pad it first";
  shape[dim] /= ranks;
  return success();
}

} // namespace

//===--- ops ---===//

LogicalResult ReshardOp::verify() {
  if (withoutSharding(cast<RankedTensorType>(getX().getType())) !=
      withoutSharding(cast<RankedTensorType>(getY().getType())))
    return emitOpError() << "changes the sharding alone, but its operand is " << getX().getType()
                         << " and its result " << getY().getType();
  Type element = cast<RankedTensorType>(getX().getType()).getElementType();
  if (std::optional<Type> wire = getWire();
      wire && (!isa<FloatType>(*wire) || !isa<FloatType>(element) ||
               wire->getIntOrFloatBitWidth() >= element.getIntOrFloatBitWidth()))
    return emitOpError() << "travels as " << *wire << ", which is no float type narrower than "
                         << element;
  return success();
}

LogicalResult AllReduceOp::verify() {
  if (failed(axisSize(*this, getAxis())))
    return failure();
  return checkCollective(*this, [](auto, auto &) { return success(); });
}

LogicalResult AllGatherOp::verify() {
  FailureOr<int64_t> ranks = axisSize(*this, getAxis());
  if (failed(ranks))
    return failure();
  return checkCollective(*this, [&](RankedTensorType type, SmallVectorImpl<int64_t> &shape) {
    if (failed(checkDim(*this, type, getDim())))
      return failure();
    shape[getDim()] *= *ranks;
    return success();
  });
}

LogicalResult ReduceScatterOp::verify() {
  FailureOr<int64_t> ranks = axisSize(*this, getAxis());
  if (failed(ranks))
    return failure();
  return checkCollective(*this, [&](RankedTensorType type, SmallVectorImpl<int64_t> &shape) {
    if (failed(checkDim(*this, type, getDim())))
      return failure();
    return divideDim(*this, shape, getDim(), *ranks);
  });
}

LogicalResult AllToAllOp::verify() {
  FailureOr<int64_t> ranks = axisSize(*this, getAxis());
  if (failed(ranks))
    return failure();
  if (getFromDim() == getToDim())
    return emitOpError() << "moves the split from dim " << getFromDim() << " to itself";
  return checkCollective(*this, [&](RankedTensorType type, SmallVectorImpl<int64_t> &shape) {
    if (failed(checkDim(*this, type, getFromDim())) || failed(checkDim(*this, type, getToDim())))
      return failure();
    shape[getFromDim()] *= *ranks;
    return divideDim(*this, shape, getToDim(), *ranks);
  });
}

LogicalResult SliceOp::verify() {
  FailureOr<int64_t> ranks = axisSize(*this, getAxis());
  if (failed(ranks))
    return failure();
  auto type = cast<RankedTensorType>(getX().getType());
  auto resultType = cast<RankedTensorType>(getY().getType());
  if (failed(checkDim(*this, type, getDim())))
    return failure();
  SmallVector<int64_t> shape(type.getShape());
  shape[getDim()] = (shape[getDim()] + *ranks - 1) / *ranks;
  // A factor may be padded further than the ranks need (alignment), but not lose an element.
  if (resultType.getRank() == type.getRank())
    shape[getDim()] = std::max(shape[getDim()], resultType.getDimSize(getDim()));
  auto expected = RankedTensorType::get(shape, type.getElementType());
  if (withoutSharding(resultType) != expected)
    return emitOpError() << "result is " << resultType << ", expected " << expected;
  return success();
}

LogicalResult OffsetOp::verify() {
  if (getExtent() < 1)
    return emitOpError() << "has the extent " << getExtent() << ", which is not positive";
  if (getAxis() && failed(axisSize(*this, *getAxis())))
    return failure();
  return success();
}

LogicalResult MaskOp::verify() {
  auto type = cast<RankedTensorType>(getX().getType());
  if (getX().getType() != getY().getType())
    return emitOpError() << "keeps the type, but its operand is " << getX().getType()
                         << " and its result " << getY().getType();
  if (!isa<FloatType>(type.getElementType()))
    return emitOpError() << "masks floats, not " << type.getElementType();
  if (failed(checkDim(*this, type, getDim())))
    return failure();
  if (getMinor() < 1 || getExtent() < 1 ||
      type.getDimSize(getDim()) % (getMinor() * getExtent()) != 0)
    return emitOpError() << "dim " << getDim() << " of extent " << type.getDimSize(getDim())
                         << " has no factor of local extent " << getExtent()
                         << " with the minor size " << getMinor();
  if (getLogical() < 1)
    return emitOpError() << "has the logical extent " << getLogical() << ", which is not positive";
  return success();
}

} // namespace tpc::tp
