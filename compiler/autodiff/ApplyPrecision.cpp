//===- ApplyPrecision.cpp - Element types of a precision ------------------------------------===//
#include "compiler/autodiff/Passes.h"
#include "dialects/nn/NN.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"

namespace tpc {

#define GEN_PASS_DEF_APPLYPRECISION
#include "compiler/autodiff/Passes.h.inc"

using namespace mlir;

namespace {

struct ApplyPrecision final : impl::ApplyPrecisionBase<ApplyPrecision> {
  using ApplyPrecisionBase::ApplyPrecisionBase;

  void runOnOperation() override {
    if (precision == "f64")
      return makeDouble();
    if (llvm::is_contained({"f32", "tf32", "bf16"}, precision.getValue())) {
      if (failed(refuseDouble()))
        signalPassFailure();
      return;
    }
    getOperation().emitError() << "no such precision: \"" << precision.getValue()
                               << "\"; there are f32, tf32, bf16 and f64";
    signalPassFailure();
  }

  /// What is written in f64 is computed in f64, whatever a precision below would promise.
  LogicalResult refuseDouble() {
    for (Operation &op : getOperation().getBody()->getOperations()) {
      auto type = op.getAttrOfType<TypeAttr>("type");
      auto tensor = type ? dyn_cast<RankedTensorType>(type.getValue()) : RankedTensorType();
      if (tensor && tensor.getElementType().isF64())
        return op.emitOpError() << "is declared in f64, so --precision " << precision
                                << " would change nothing of it; hint: --precision f64, or "
                                   "write the model in f32";
    }
    return success();
  }

  void makeDouble() {
    Type f64 = Float64Type::get(&getContext());
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](RankedTensorType type) -> std::optional<Type> {
      if (!isa<FloatType>(type.getElementType()))
        return std::nullopt;
      return type.clone(f64);
    });
    // Values of a default input: every float32 and bfloat16 is a float64.
    replacer.addReplacement([&](DenseFPElementsAttr values) -> std::optional<Attribute> {
      return values.mapValues(f64, [](const APFloat &value) {
        APFloat wide = value;
        bool losesInfo;
        wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
        return wide.bitcastToAPInt();
      });
    });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false, /*replaceTypes=*/true);
    getOperation().walk([](nn::CountLabelsOp count) { count.setWide(true); });
  }
};

} // namespace

} // namespace tpc
