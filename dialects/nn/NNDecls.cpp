//===- NNDecls.cpp - Declarations, entries and state access --------------------------------===//
//
// Verifiers here look at one op alone. What holds between ops (a read names a declaration, a
// training names an entry) is checked by tpc-verify-model, when layers are unrolled and dims bound.
//
//===---------------------------------------------------------------------------------------===//
#include "dialects/nn/OpSupport.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

#define GET_OP_CLASSES
#include "dialects/nn/NNOps.cpp.inc"

namespace tpc::nn {

//===-------------------------------------------------------------------------------------===//
// Declarations
//===-------------------------------------------------------------------------------------===//

LogicalResult DimOp::verify() {
  if (int64_t size = getSize(); size < 1)
    return emitOpError() << "has size " << size << "; a dim needs at least 1";
  return success();
}

LogicalResult InputOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  if (static_cast<int64_t>(getDims().size()) != type.getRank())
    return emitOpError() << "names " << getDims().size() << " dims, but its tensor has "
                         << type.getRank() << R"(; use "" for a fixed size)";
  if (getFeed() && (!type.getElementType().isInteger(32) || type.getRank() == 0))
    return emitOpError()
           << "is fed from a token stream, so it must be an i32 tensor of at least one "
              "dim, not "
           << type;
  if (auto value = getDefaultValue(); value && !sameShapeAndElement(value->getShapedType(), type))
    return emitOpError() << "has a default value of type " << value->getShapedType()
                         << ", but is of type " << type;
  if (getDefaultValue() && getDefaultDraw())
    return emitOpError("has a default value and a default draw; drop one of them");
  return success();
}

LogicalResult ScalarOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  if (type.getRank() != 0)
    return emitOpError() << "must be a 0-d tensor, not " << type;
  if (getRole() != ScalarRole::user && !type.getElementType().isInteger(32))
    return emitOpError() << "has role " << stringifyScalarRole(getRole())
                         << ", so it must be a tensor<i32>, not " << type;
  if (auto element = dyn_cast<FloatType>(type.getElementType())) {
    APFloat value = getValue();
    bool losesInfo;
    value.convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
    if (!value.isFinite())
      return emitOpError() << "has a value that is not finite in " << element;
  }
  return success();
}

LogicalResult ParameterOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  std::optional<SourceAttr> source = getSource();
  if (!source)
    return success();
  if (source->getTranspose() && type.getRank() != 2)
    return emitOpError() << "transposes its source, so it must be 2-d, not " << type;
  if (source->getSliceDim() < 0)
    return success();
  if (source->getSliceDim() >= type.getRank())
    return emitOpError() << "slices dim " << source->getSliceDim() << " of its source, but has "
                         << type.getRank() << " dims";
  int64_t dim = source->getTranspose() ? 1 - source->getSliceDim() : source->getSliceDim();
  if (type.getDimSize(dim) != source->getSliceSize())
    return emitOpError() << "takes " << source->getSliceSize() << " indices of dim "
                         << source->getSliceDim() << " of its source, but its dim " << dim
                         << " has " << type.getDimSize(dim);
  return success();
}

LogicalResult TrainingOp::verify() {
  if (!isa<SgdAttr, AdamAttr>(getOptimizer()))
    return emitOpError("needs an #nn.sgd or #nn.adam as its optimizer");
  if (auto norm = getClipNorm(); norm && !(norm->convertToDouble() > 0.0))
    return emitOpError() << "clips to the norm " << norm->convertToDouble()
                         << ", which is not positive";
  if (auto groups = getGroups())
    for (Attribute group : *groups)
      if (!isa<GroupAttr>(group))
        return emitOpError() << "needs #nn.group attributes as its groups, not " << group;
  return success();
}

//===-------------------------------------------------------------------------------------===//
// Regions
//===-------------------------------------------------------------------------------------===//

/// The terminator of a region's block if it is a `Terminator` that gives values of `types`.
template <typename Terminator>
static LogicalResult verifyEnd(Operation *op, Block &block, TypeRange types) {
  auto end = block.empty() ? nullptr : dyn_cast<Terminator>(block.back());
  if (!end)
    return op->emitOpError() << "must end in an " << Terminator::getOperationName();
  if (end.getValues().getTypes() != types)
    return end.emitOpError() << "gives (" << end.getValues().getTypes() << "), but "
                             << op->getName() << " needs (" << types << ")";
  return success();
}

LogicalResult LayersOp::verify() {
  if (int64_t count = getCount(); count < 1)
    return emitOpError() << "has " << count << " layers; it needs at least 1";
  int blocks = 0;
  for (Operation &op : *getBody().begin()) {
    if (!isa<ParameterOp, BlockOp>(op))
      return op.emitOpError("is neither a parameter nor the block of the nn.layers it stands in");
    blocks += isa<BlockOp>(op);
  }
  if (blocks != 1)
    return emitOpError() << "has " << blocks << " blocks; it needs exactly one nn.block";
  return success();
}

ParseResult BlockOp::parse(OpAsmParser &parser, OperationState &state) {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Type> results;
  SMLoc typeLoc;
  if (parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren, /*allowType=*/true) ||
      parser.parseArrow() || parser.getCurrentLocation(&typeLoc) || parser.parseTypeList(results) ||
      parser.parseOptionalAttrDictWithKeyword(state.attributes) ||
      parser.parseRegion(*state.addRegion(), arguments))
    return failure();
  Region &region = *state.regions.front();
  if (region.empty() || region.front().empty())
    return parser.emitError(typeLoc, "a block must end in an nn.return");
  if (region.front().back().getOperandTypes() != TypeRange(results))
    return parser.emitError(typeLoc)
           << "the block is written to give (" << results << "), but returns ("
           << region.front().back().getOperandTypes() << ")";
  return success();
}

void BlockOp::print(OpAsmPrinter &printer) {
  Block &block = getBody().front();
  printer << " (";
  llvm::interleaveComma(block.getArguments(), printer,
                        [&](BlockArgument argument) { printer.printRegionArgument(argument); });
  printer << ") -> ";
  llvm::interleaveComma(block.back().getOperandTypes(), printer);
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs());
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult BlockOp::verify() {
  Block &block = getBody().front();
  if (block.getNumArguments() != 1)
    return emitOpError() << "takes " << block.getNumArguments()
                         << " values; a layer takes one, the last layer's result";
  return verifyEnd<ReturnOp>(*this, block, block.getArgumentTypes());
}

LogicalResult ApplyOp::verify() {
  if (getInput().getType() != getResult().getType())
    return emitOpError() << "takes " << getInput().getType() << " and gives "
                         << getResult().getType() << "; layers keep the type";
  return success();
}

LogicalResult ScopeOp::verify() {
  if (getPath().empty())
    return emitOpError("has an empty path");
  return verifyEnd<YieldOp>(*this, getBody().front(), getResultTypes());
}

LogicalResult EntryOp::verify() {
  Block &block = getBody().front();
  if (block.getNumArguments() != 0)
    return emitOpError("takes arguments; it must read inputs by nn.read instead");
  auto end = block.empty() ? nullptr : dyn_cast<ReturnOp>(block.back());
  if (!end)
    return emitOpError("must end in an nn.return");
  if (end.getValues().size() != getOutputs().size())
    return emitOpError() << "names " << getOutputs().size() << " outputs, but returns "
                         << end.getValues().size() << " values";
  llvm::StringSet<> names;
  for (auto [name, value] :
       llvm::zip_equal(getOutputs().getAsValueRange<StringAttr>(), end.getValues())) {
    if (name.empty() || !names.insert(name).second)
      return emitOpError() << "has two outputs, or an output without a name, called \"" << name
                           << "\"";
    // A run logs scalars beside these.
    if (cast<RankedTensorType>(value.getType()).getRank() == 0 &&
        llvm::is_contained({"step", "tokens", "seconds"}, name))
      return emitOpError() << "has a scalar output called \"" << name
                           << "\", as a field of a run's log is; give it another name";
  }
  return success();
}

//===-------------------------------------------------------------------------------------===//
// nn.kernel
//===-------------------------------------------------------------------------------------===//

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &state) {
  StringAttr name;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> inputs;
  auto parseInput = [&]() -> ParseResult {
    return failure(parser.parseArgument(arguments.emplace_back()) || parser.parseEqual() ||
                   parser.parseOperand(inputs.emplace_back()) ||
                   parser.parseColonType(arguments.back().type));
  };
  SMLoc loc;
  if (parser.parseAttribute(name, "name", state.attributes) || parser.getCurrentLocation(&loc) ||
      parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, parseInput) ||
      parser.parseArrow() || parser.parseLParen())
    return failure();
  if (failed(parser.parseOptionalRParen()))
    if (parser.parseTypeList(state.types) || parser.parseRParen())
      return failure();
  SmallVector<Type> types;
  for (const OpAsmParser::Argument &argument : arguments)
    types.push_back(argument.type);
  return failure(parser.parseOptionalAttrDictWithKeyword(state.attributes) ||
                 parser.resolveOperands(inputs, types, loc, state.operands) ||
                 parser.parseRegion(*state.addRegion(), arguments));
}

void KernelOp::print(OpAsmPrinter &printer) {
  printer << " ";
  printer.printAttribute(getNameAttr());
  printer << " (";
  llvm::interleaveComma(llvm::zip(getBody().getArguments(), getInputs()), printer, [&](auto pair) {
    auto [argument, input] = pair;
    printer << argument << " = " << input << " : " << input.getType();
  });
  printer << ") -> (" << getResultTypes() << ")";
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(), {"name"});
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

static LogicalResult verifyInPlace(KernelOp op) {
  ArrayRef<int64_t> pairs = op.getInPlace().value_or(ArrayRef<int64_t>());
  auto isPair = [&](int64_t result, int64_t input) {
    return result >= 0 && result < op.getNumResults() && input >= 0 &&
           input < static_cast<int64_t>(op.getInputs().size());
  };
  llvm::SmallDenseSet<int64_t> results, inputs;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (i + 1 == pairs.size() || !isPair(pairs[i], pairs[i + 1]))
      return op.emitOpError() << "has an in_place of no pairs (result, input)";
    if (!results.insert(pairs[i]).second || !inputs.insert(pairs[i + 1]).second)
      return op.emitOpError() << "has an in_place that names a result or an input twice";
  }
  return success();
}

LogicalResult KernelOp::verify() {
  Block &block = getBody().front();
  if (block.getArgumentTypes() != getInputs().getTypes())
    return emitOpError() << "has inputs (" << getInputs().getTypes() << "), but its region takes ("
                         << block.getArgumentTypes() << ")";
  if (failed(verifyInPlace(*this)))
    return failure();
  return verifyEnd<YieldOp>(*this, block, getResultTypes());
}

} // namespace tpc::nn
