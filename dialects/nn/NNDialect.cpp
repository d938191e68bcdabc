//===- NNDialect.cpp - The nn dialect: registration and attributes -------------------------===//
//
// Attributes keep numbers as FloatAttr of f64, so that they print and unique as MLIR's own do.
//
//===---------------------------------------------------------------------------------------===//
#include "dialects/nn/NN.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "dialects/nn/NNDialect.cpp.inc"
#include "dialects/nn/NNEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/nn/NNAttrs.cpp.inc"

#include "dialects/nn/NNInterfaces.cpp.inc"

namespace tpc::nn {

void NNDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/nn/NNAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/nn/NNOps.cpp.inc"
      >();
}

/// The attributes that say how a run's files look; nothing if it is none of them.
static std::optional<LogicalResult> verifyFileAttribute(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName();
  auto check = [&](bool good, const char *what) -> LogicalResult {
    if (good)
      return success();
    return op->emitError() << name << " must be " << what;
  };
  auto text = dyn_cast<StringAttr>(attribute.getValue());
  if (name == "nn.bytes") {
    auto input = dyn_cast<InputOp>(op);
    return check(input && input.getFeed() && isa<UnitAttr>(attribute.getValue()),
                 "a unit attribute of an nn.input that a token stream feeds");
  }
  if (name == "nn.vocabulary") {
    auto size = dyn_cast<IntegerAttr>(attribute.getValue());
    return check(isa<InputOp>(op) && size && size.getType().isInteger(64) && size.getInt() > 0,
                 "a positive i64 of an nn.input");
  }
  if (name == "nn.ignored") {
    auto label = dyn_cast<IntegerAttr>(attribute.getValue());
    return check(isa<InputOp>(op) && label && label.getType().isInteger(64) &&
                     llvm::isInt<32>(label.getInt()),
                 "an i64 within 32 bits of an nn.input");
  }
  if (name == "nn.source")
    return check(isa<TieOp>(op) && isa<SourceAttr>(attribute.getValue()),
                 "an #nn.source of an nn.tie");
  if (name == "nn.prefix")
    return check(isa<ModuleOp>(op) && text && !text.empty(), "a string of the module, not empty");
  if (name == "nn.unused") {
    auto patterns = dyn_cast<ArrayAttr>(attribute.getValue());
    return check(isa<ModuleOp>(op) && patterns &&
                     llvm::all_of(patterns,
                                  [](Attribute one) {
                                    auto pattern = dyn_cast<StringAttr>(one);
                                    return pattern && !pattern.empty();
                                  }),
                 "an array of patterns of the module, not empty");
  }
  return std::nullopt;
}

LogicalResult NNDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName();
  auto text = dyn_cast<StringAttr>(attribute.getValue());
  if (name == kScopeAttr)
    return text ? success() : op->emitError() << kScopeAttr << " must be a string";
  if (name == kPhaseAttr) {
    if (text && parsePhase(text.getValue()))
      return success();
    return op->emitError() << kPhaseAttr << R"( must be "forward", "backward" or "update")";
  }
  if (std::optional<LogicalResult> known = verifyFileAttribute(op, attribute))
    return *known;
  return op->emitError() << "there is no attribute " << name << " on ops";
}

//===-------------------------------------------------------------------------------------===//
// #nn.init
//===-------------------------------------------------------------------------------------===//

/// How many numbers an initialiser is written with.
static int parameterCount(InitKind kind) {
  switch (kind) {
  case InitKind::zeros:
  case InitKind::ones:
    return 0;
  case InitKind::constant:
    return 1;
  case InitKind::normal:
  case InitKind::uniform:
    return 2;
  }
  llvm_unreachable("an enum has no other values");
}

Attribute InitAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef keyword;
  if (parser.parseLess() || parser.parseKeyword(&keyword))
    return {};
  std::optional<InitKind> kind = symbolizeInitKind(keyword);
  if (!kind) {
    parser.emitError(loc) << "there is no initialiser \"" << keyword
                          << "\"; use zeros, ones, constant, normal or uniform";
    return {};
  }
  double numbers[2] = {0.0, 0.0};
  for (int i = 0; i < parameterCount(*kind); ++i)
    if (parser.parseComma() || parser.parseFloat(numbers[i]))
      return {};
  if (parser.parseGreater())
    return {};
  Builder builder(parser.getContext());
  return parser.getChecked<InitAttr>(loc, parser.getContext(), *kind,
                                     builder.getF64FloatAttr(numbers[0]),
                                     builder.getF64FloatAttr(numbers[1]));
}

void InitAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyInitKind(getKind());
  FloatAttr numbers[2] = {getA(), getB()};
  for (int i = 0; i < parameterCount(getKind()); ++i) {
    printer << ", ";
    printer.printFloat(numbers[i].getValue());
  }
  printer << ">";
}

LogicalResult InitAttr::verify(function_ref<InFlightDiagnostic()> emitError, InitKind kind,
                               FloatAttr a, FloatAttr b) {
  if (kind == InitKind::normal && b.getValueAsDouble() < 0.0)
    return emitError() << "the standard deviation of a normal draw must not be negative, it is "
                       << b.getValueAsDouble();
  if (kind == InitKind::uniform && a.getValueAsDouble() >= b.getValueAsDouble())
    return emitError() << "a uniform draw needs a range [low, high) with low < high, not ["
                       << a.getValueAsDouble() << ", " << b.getValueAsDouble() << ")";
  return success();
}

//===-------------------------------------------------------------------------------------===//
// #nn.source
//===-------------------------------------------------------------------------------------===//

Attribute SourceAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  std::string tensor;
  bool transpose = false;
  int64_t dim = -1, start = 0, size = 0;
  if (parser.parseLess() || parser.parseString(&tensor))
    return {};
  while (succeeded(parser.parseOptionalComma())) {
    if (!transpose && dim < 0 && succeeded(parser.parseOptionalKeyword("slice"))) {
      if (parser.parseEqual() || parser.parseInteger(dim) || parser.parseLSquare() ||
          parser.parseInteger(start) || parser.parseComma() || parser.parseInteger(size) ||
          parser.parseRSquare())
        return {};
    } else if (!transpose && succeeded(parser.parseOptionalKeyword("transpose"))) {
      transpose = true;
    } else {
      parser.emitError(parser.getCurrentLocation())
          << "expected `slice = DIM [START, SIZE]` or `transpose`, each once and in this order";
      return {};
    }
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<SourceAttr>(loc, parser.getContext(), tensor, transpose, dim, start,
                                       size);
}

void SourceAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printString(getTensor());
  if (getSliceDim() >= 0)
    printer << ", slice = " << getSliceDim() << " [" << getSliceStart() << ", " << getSliceSize()
            << "]";
  if (getTranspose())
    printer << ", transpose";
  printer << ">";
}

LogicalResult TokensAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t shift,
                                 int64_t stride, int64_t tail) {
  if (shift < 0 || stride < 0)
    return emitError() << "a token feed needs a shift and a stride of at least 0, not " << shift
                       << " and " << stride;
  if (tail != static_cast<int32_t>(tail))
    return emitError() << "a token feed's tail must be a number of 32 bits, not " << tail;
  return success();
}

LogicalResult SourceAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef tensor,
                                 bool transpose, int64_t sliceDim, int64_t sliceStart,
                                 int64_t sliceSize) {
  if (tensor.empty())
    return emitError() << "a source needs the name of a checkpoint's tensor";
  if (sliceDim >= 0 && (sliceStart < 0 || sliceSize < 1))
    return emitError()
           << "a source slice needs a start of at least 0 and a size of at least 1, not ["
           << sliceStart << ", " << sliceSize << "]";
  return success();
}

} // namespace tpc::nn
