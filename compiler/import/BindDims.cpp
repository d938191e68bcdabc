//===- BindDims.cpp - Named dims and the shapes that follow from them ----------------------===//
//
// A file is written for the default sizes; here they change. Only inputs name dims, everything else
// is inferred, so a shape that is written but not inferred cannot disagree silently.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/import/Import.h"
#include "dialects/nn/NN.h"

using namespace mlir;

namespace tpc {

namespace {

/// The module's dims by name.
using DimMap = llvm::StringMap<nn::DimOp>;

LogicalResult bindInput(nn::InputOp input, const DimMap &dims,
                        const llvm::StringMap<int64_t> &sizes) {
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<int64_t> shape(type.getShape());
  for (auto [axis, name] : llvm::enumerate(input.getDims().getAsValueRange<StringAttr>())) {
    if (name.empty())
      continue;
    auto dim = dims.find(name);
    if (dim == dims.end())
      return input.emitOpError() << "names dim \"" << name
                                 << "\", which the model lacks; declare nn.dim @" << name << " = "
                                 << shape[axis];
    nn::DimOp declared = dim->second;
    if (shape[axis] != static_cast<int64_t>(declared.getSize())) {
      InFlightDiagnostic error =
          input.emitOpError() << "has extent " << shape[axis] << " where it names dim \"" << name
                              << "\", whose default is " << static_cast<int64_t>(declared.getSize())
                              << "; write the default's extent";
      error.attachNote(declared.getLoc()) << "the dim is declared here";
      return error;
    }
    if (auto bound = sizes.find(name); bound != sizes.end())
      shape[axis] = bound->second;
  }
  auto newType = RankedTensorType::get(shape, type.getElementType());
  if (newType == type)
    return success();
  if (!nn::hasCountableElements(newType))
    return input.emitOpError() << "would become " << newType
                               << ", of more than 2^40 elements; hint: bind smaller dims";
  input.setType(newType);
  input.removeDefaultValueAttr();
  return success();
}

/// Infers the types of one module, in program order.
class ShapeInference {
public:
  explicit ShapeInference(ModuleOp module) : module(module) {}

  LogicalResult run() {
    for (auto entry : module.getOps<nn::EntryOp>())
      if (failed(inferBlock(entry.getBody().front())))
        return failure();
    return success();
  }

private:
  LogicalResult inferBlock(Block &block) {
    for (Operation &op : block)
      if (failed(inferOp(op)))
        return failure();
    return success();
  }

  LogicalResult inferOp(Operation &op) {
    if (auto read = dyn_cast<nn::ReadOp>(op))
      return inferRead(read);
    if (auto apply = dyn_cast<nn::ApplyOp>(op))
      return inferApply(apply);
    if (auto scope = dyn_cast<nn::ScopeOp>(op)) {
      Block &body = scope.getBody().front();
      if (failed(inferBlock(body)))
        return failure();
      for (auto [result, value] :
           llvm::zip(scope.getResults(), body.getTerminator()->getOperands()))
        result.setType(cast<RankedTensorType>(value.getType()));
      return success();
    }
    auto shape = dyn_cast<nn::ShapeOp>(op);
    if (!shape)
      return success(); // its type is written: a constant
    auto types = shape.inferResultTypes();
    if (failed(types))
      return failure();
    for (auto [result, type] : llvm::zip(op.getResults(), *types))
      result.setType(type);
    return success();
  }

  /// Sets a read's type to that of its declaration. A name that is not declared is left to
  /// verifyModel.
  LogicalResult inferRead(nn::ReadOp read) {
    Operation *declaration = SymbolTable::lookupNearestSymbolFrom(read, read.getSourceAttr());
    if (auto tie = dyn_cast_or_null<nn::TieOp>(declaration))
      declaration = SymbolTable::lookupNearestSymbolFrom(tie, tie.getTargetAttr());
    if (!declaration)
      return success();
    if (auto type = declaration->getAttrOfType<TypeAttr>("type"))
      read.getResult().setType(cast<RankedTensorType>(type.getValue()));
    return success();
  }

  LogicalResult inferApply(nn::ApplyOp apply) {
    auto layers = SymbolTable::lookupNearestSymbolFrom<nn::LayersOp>(apply, apply.getLayersAttr());
    if (!layers)
      return apply.emitOpError() << "names " << apply.getLayersAttr() << ", which is no nn.layers";
    auto input = cast<RankedTensorType>(apply.getInput().getType());
    Block &body = (*layers.getBody().getOps<nn::BlockOp>().begin()).getBody().front();
    if (auto [known, isNew] = layerTypes.try_emplace(layers, input); !isNew) {
      if (known->second != input)
        return apply.emitOpError() << "applies the layers to " << input
                                   << ", but another nn.apply to " << known->second;
    } else {
      body.getArgument(0).setType(input);
      if (failed(inferBlock(body)))
        return failure();
      if (Type result = body.getTerminator()->getOperand(0).getType(); result != input)
        return layers.emitOpError()
               << "takes " << input << " and gives " << result << "; layers keep the type";
    }
    apply.getResult().setType(input);
    return success();
  }

  ModuleOp module;
  llvm::DenseMap<Operation *, RankedTensorType> layerTypes;
};

} // namespace

LogicalResult inferShapes(ModuleOp module) { return ShapeInference(module).run(); }

LogicalResult bindDims(ModuleOp module, const llvm::StringMap<int64_t> &sizes) {
  DimMap dims;
  for (auto dim : module.getOps<nn::DimOp>())
    dims[dim.getSymName()] = dim;

  SmallVector<StringRef> names(sizes.keys());
  llvm::sort(names); // the first error does not depend on hashing
  for (StringRef name : names) {
    if (!dims.contains(name)) {
      InFlightDiagnostic error = module.emitError()
                                 << "there is no dim \"" << name << "\" to bind; the model has ";
      if (dims.empty())
        return error << "none";
      llvm::interleaveComma(module.getOps<nn::DimOp>(), error,
                            [&](nn::DimOp dim) { error << "\"" << dim.getSymName() << "\""; });
      return error;
    }
    if (sizes.lookup(name) < 1)
      return dims[name].emitOpError()
             << "is bound to " << sizes.lookup(name) << "; a dim needs at least 1";
    auto namesIt = [&](nn::InputOp input) {
      return llvm::is_contained(input.getDims().getAsValueRange<StringAttr>(), name);
    };
    if (llvm::none_of(module.getOps<nn::InputOp>(), namesIt))
      return dims[name].emitOpError() << "is bound, and no input names it, so that nothing would "
                                         "change; hint: nn.input says "
                                         "in `dims` which of its extents follow";
  }

  for (auto input : module.getOps<nn::InputOp>())
    if (failed(bindInput(input, dims, sizes)))
      return failure();
  for (StringRef name : names)
    dims[name].setSize(sizes.lookup(name));
  return inferShapes(module);
}

} // namespace tpc
