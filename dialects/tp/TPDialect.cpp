//===- TPDialect.cpp - The tp dialect, its sharding attribute and the mesh ----------------===//
//
// The sharding attribute is kept as plain attributes, in one form for each meaning, so that equal
// shardings are equal types. This file holds its syntax, what can be verified without a mesh, and
// the way to and from the algebra's form.
//
//===---------------------------------------------------------------------------------------===//
#include "dialects/tp/TP.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialects/tp/TPDialect.cpp.inc"
#include "dialects/tp/TPEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/tp/TPAttrs.cpp.inc"

using namespace mlir;

namespace tpc::tp {

void TPDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/tp/TPAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/tp/TPOps.cpp.inc"
      >();
}

namespace {

/// One factor as the attribute holds it. Size 0 is the extent of the dim, and never padded.
struct FactorAttr {
  int64_t size = 0, padded = 0;
  SmallVector<StringAttr, 1> axes;

  static FactorAttr from(DictionaryAttr attr) {
    FactorAttr factor;
    factor.size = attr.getAs<IntegerAttr>("size").getInt();
    factor.padded = attr.getAs<IntegerAttr>("padded").getInt();
    for (Attribute axis : attr.getAs<ArrayAttr>("axes"))
      factor.axes.push_back(cast<StringAttr>(axis));
    return factor;
  }

  DictionaryAttr toAttr(MLIRContext *context) const {
    Builder builder(context);
    SmallVector<Attribute> names(axes.begin(), axes.end());
    return builder.getDictionaryAttr(
        {builder.getNamedAttr("axes", builder.getArrayAttr(names)),
         builder.getNamedAttr("padded", builder.getI64IntegerAttr(padded)),
         builder.getNamedAttr("size", builder.getI64IntegerAttr(size))});
  }
};

DictionaryAttr partialAttr(MLIRContext *context, StringAttr axis, Reduce kind) {
  Builder builder(context);
  return builder.getDictionaryAttr({builder.getNamedAttr("axis", axis),
                                    builder.getNamedAttr("kind", ReduceAttr::get(context, kind))});
}

/// `12:16 "tp"`
ParseResult parseFactor(AsmParser &parser, FactorAttr &factor) {
  OptionalParseResult size = parser.parseOptionalInteger(factor.size);
  if (size.has_value()) {
    if (failed(*size))
      return failure();
    if (factor.size == 0)
      return parser.emitError(parser.getCurrentLocation(), "the size of a factor is positive");
    factor.padded = factor.size;
    if (succeeded(parser.parseOptionalColon()) && parser.parseInteger(factor.padded))
      return failure();
  }
  std::string axis;
  while (succeeded(parser.parseOptionalString(&axis)))
    factor.axes.push_back(parser.getBuilder().getStringAttr(axis));
  return success();
}

/// `{12:16 "tp", 64}`
ParseResult parseDim(AsmParser &parser, SmallVectorImpl<Attribute> &dims) {
  SmallVector<Attribute> factors;
  auto parseOne = [&] {
    FactorAttr factor;
    if (parseFactor(parser, factor))
      return failure();
    factors.push_back(factor.toAttr(parser.getContext()));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Braces, parseOne))
    return failure();
  if (factors.empty())
    factors.push_back(FactorAttr().toAttr(parser.getContext()));
  dims.push_back(parser.getBuilder().getArrayAttr(factors));
  return success();
}

} // namespace

Attribute ShardingAttr::parse(AsmParser &parser, Type) {
  SMLoc start = parser.getCurrentLocation();
  FlatSymbolRefAttr mesh;
  SmallVector<Attribute> dims, partial;
  if (parser.parseLess() || parser.parseAttribute(mesh) || parser.parseComma() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                     [&] { return parseDim(parser, dims); }))
    return {};
  auto parsePartial = [&]() -> ParseResult {
    Reduce kind = Reduce::sum;
    if (succeeded(parser.parseOptionalKeyword("max")))
      kind = Reduce::max;
    std::string axis;
    if (parser.parseString(&axis))
      return failure();
    partial.push_back(
        partialAttr(parser.getContext(), parser.getBuilder().getStringAttr(axis), kind));
    return success();
  };
  if (succeeded(parser.parseOptionalComma()) &&
      (parser.parseKeyword("partial") || parser.parseEqual() ||
       parser.parseCommaSeparatedList(AsmParser::Delimiter::Braces, parsePartial)))
    return {};
  if (parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(start); }, parser.getContext(), mesh,
                    parser.getBuilder().getArrayAttr(dims),
                    parser.getBuilder().getArrayAttr(partial));
}

void ShardingAttr::print(AsmPrinter &printer) const {
  printer << "<" << getMesh() << ", [";
  llvm::interleaveComma(getDims(), printer, [&](Attribute dim) {
    printer << "{";
    llvm::interleaveComma(cast<ArrayAttr>(dim), printer, [&](Attribute attr) {
      FactorAttr factor = FactorAttr::from(cast<DictionaryAttr>(attr));
      if (factor.size) {
        printer << factor.size;
        if (factor.padded != factor.size)
          printer << ":" << factor.padded;
        if (!factor.axes.empty())
          printer << " ";
      }
      llvm::interleave(factor.axes, printer, [&](StringAttr axis) { printer << axis; }, " ");
    });
    printer << "}";
  });
  printer << "]";
  if (!getPartial().empty()) {
    printer << ", partial = {";
    llvm::interleaveComma(getPartial(), printer, [&](Attribute attr) {
      auto entry = cast<DictionaryAttr>(attr);
      if (entry.getAs<ReduceAttr>("kind").getValue() == Reduce::max)
        printer << "max ";
      printer << entry.getAs<StringAttr>("axis");
    });
    printer << "}";
  }
  printer << ">";
}

LogicalResult ShardingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   FlatSymbolRefAttr mesh, ArrayAttr dims, ArrayAttr partial) {
  llvm::StringSet<> used;
  auto use = [&](StringAttr axis) -> LogicalResult {
    if (!used.insert(axis.getValue()).second)
      return emitError() << "axis " << axis << " is used twice; a value has one placement on it";
    return success();
  };
  for (auto [index, dim] : llvm::enumerate(dims)) {
    auto factors = dyn_cast<ArrayAttr>(dim);
    if (!factors || factors.empty())
      return emitError() << "dim " << index << " has at least one factor";
    for (Attribute attr : factors) {
      auto entry = dyn_cast<DictionaryAttr>(attr);
      if (!entry || !entry.getAs<IntegerAttr>("size") || !entry.getAs<IntegerAttr>("padded") ||
          !entry.getAs<ArrayAttr>("axes") ||
          !llvm::all_of(entry.getAs<ArrayAttr>("axes"), llvm::IsaPred<StringAttr>))
        return emitError() << "a factor of dim " << index << " is {size, padded, axes}";
      FactorAttr factor = FactorAttr::from(entry);
      bool alone = factors.size() == 1;
      if (factor.size == 0 && !alone)
        return emitError() << "dim " << index << " has several factors; each needs its size";
      if (factor.size < 0 || factor.padded < factor.size)
        return emitError() << "dim " << index << ": the padded size " << factor.padded
                           << " is less than the logical size " << factor.size;
      if (alone && factor.size != 0 && factor.padded == factor.size)
        return emitError() << "dim " << index
                           << " has one factor that is not padded; it is written without a size";
      if (alone && factor.size == 0 && factor.padded != 0)
        return emitError() << "dim " << index << " is padded; it needs its logical size";
      for (StringAttr axis : factor.axes)
        if (failed(use(axis)))
          return failure();
    }
  }
  for (Attribute attr : partial) {
    auto entry = dyn_cast<DictionaryAttr>(attr);
    if (!entry || !entry.getAs<StringAttr>("axis") || !entry.getAs<ReduceAttr>("kind"))
      return emitError() << "an entry of partial is {axis, kind}";
    if (failed(use(entry.getAs<StringAttr>("axis"))))
      return failure();
  }
  return success();
}

LogicalResult ShardingAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                           function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != getDims().size())
    return emitError() << "the sharding has " << getDims().size() << " dims, the tensor "
                       << shape.size();
  for (auto [index, dim] : llvm::enumerate(getDims())) {
    int64_t size = 1;
    for (Attribute attr : cast<ArrayAttr>(dim))
      size *= FactorAttr::from(cast<DictionaryAttr>(attr)).size;
    if (size != 0 && size != shape[index])
      return emitError() << "the factors of dim " << index << " have the size " << size
                         << " together, the dim has " << shape[index];
  }
  return success();
}

//===--- mesh ---===//

MeshOp findMesh(ModuleOp module) {
  for (MeshOp mesh : module.getOps<MeshOp>())
    return mesh;
  return {};
}

Mesh toMesh(MeshOp op) {
  Mesh mesh;
  for (auto [name, size] : llvm::zip_equal(op.getAxisNames(), op.getAxisSizes()))
    mesh.axes.push_back({cast<StringAttr>(name).getValue().str(), size});
  return mesh;
}

MeshOp createMesh(ModuleOp module, const Mesh &mesh) {
  auto builder = OpBuilder::atBlockBegin(module.getBody());
  SmallVector<StringRef> names;
  SmallVector<int64_t> sizes;
  for (const MeshAxis &axis : mesh.axes) {
    names.push_back(axis.name);
    sizes.push_back(axis.size);
  }
  return MeshOp::create(builder, module.getLoc(), builder.getStringAttr("mesh"),
                        builder.getStrArrayAttr(names), builder.getDenseI64ArrayAttr(sizes));
}

//===--- to and from the algebra ---===//

Sharding toSharding(RankedTensorType type, const Mesh &mesh) {
  auto attr = dyn_cast_if_present<ShardingAttr>(type.getEncoding());
  if (!attr)
    return Sharding::replicated(type.getShape());
  // An axis that the mesh lacks gets a number that Sharding::check refuses.
  auto axisOf = [&](StringAttr name) {
    return mesh.findAxis(name.getValue()).value_or(static_cast<AxisId>(mesh.axes.size()));
  };
  Sharding sharding;
  for (auto [index, dim] : llvm::enumerate(attr.getDims())) {
    DimLayout layout;
    for (Attribute entry : cast<ArrayAttr>(dim)) {
      FactorAttr factor = FactorAttr::from(cast<DictionaryAttr>(entry));
      bool wholeDim = factor.size == 0;
      Factor result{wholeDim ? type.getDimSize(index) : factor.size,
                    wholeDim ? type.getDimSize(index) : factor.padded,
                    {}};
      for (StringAttr axis : factor.axes)
        result.axes.push_back(axisOf(axis));
      layout.push_back(std::move(result));
    }
    sharding.dims.push_back(std::move(layout));
  }
  for (Attribute attr : attr.getPartial()) {
    auto entry = cast<DictionaryAttr>(attr);
    bool max = entry.getAs<ReduceAttr>("kind").getValue() == Reduce::max;
    sharding.partial.push_back(
        {axisOf(entry.getAs<StringAttr>("axis")), max ? ReduceKind::Max : ReduceKind::Sum});
  }
  llvm::sort(sharding.partial, [](auto &a, auto &b) { return a.axis < b.axis; });
  return canonical(std::move(sharding));
}

RankedTensorType withSharding(RankedTensorType type, const Sharding &sharding, const Mesh &mesh) {
  MLIRContext *context = type.getContext();
  Builder builder(context);
  SmallVector<Attribute> dims, partial;
  for (const DimLayout &layout : canonical(sharding).dims) {
    SmallVector<Attribute> factors;
    for (const Factor &factor : layout) {
      FactorAttr attr;
      if (layout.size() > 1 || factor.isPadded()) {
        attr.size = factor.logical;
        attr.padded = factor.padded;
      }
      for (AxisId axis : factor.axes)
        attr.axes.push_back(builder.getStringAttr(mesh.axes[axis].name));
      factors.push_back(attr.toAttr(context));
    }
    dims.push_back(builder.getArrayAttr(factors));
  }
  for (const Partial &entry : sharding.partial)
    partial.push_back(partialAttr(context, builder.getStringAttr(mesh.axes[entry.axis].name),
                                  entry.kind == ReduceKind::Max ? Reduce::max : Reduce::sum));
  auto attr = ShardingAttr::get(context, FlatSymbolRefAttr::get(context, "mesh"),
                                builder.getArrayAttr(dims), builder.getArrayAttr(partial));
  return RankedTensorType::get(type.getShape(), type.getElementType(), attr);
}

RankedTensorType localType(RankedTensorType type, const Mesh &mesh) {
  return RankedTensorType::get(toSharding(type, mesh).localShape(mesh), type.getElementType());
}

RankedTensorType withoutSharding(RankedTensorType type) {
  return RankedTensorType::get(type.getShape(), type.getElementType());
}

} // namespace tpc::tp
