//===- SingleRankAxes.cpp - Nothing moves along an axis of one rank ------------------------===//
//
// The solver and the proof treat an axis of one rank like any other. Its collectives are
// identities, and leave before fusion, which they would cut into pieces.
//
//===---------------------------------------------------------------------------------------===//

#include "compiler/schedule/Program.h"
#include "compiler/schedule/Schedule.h"

#include "dialects/tp/TP.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace tpc;

namespace {

class DropSingleRankCollectivesPass
    : public PassWrapper<DropSingleRankCollectivesPass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DropSingleRankCollectivesPass)
  StringRef getArgument() const override { return "tpc-drop-single-rank-collectives"; }
  StringRef getDescription() const override {
    return "remove collectives and slices along axes of one rank";
  }

  void runOnOperation() override {
    tp::MeshOp meshOp = tp::findMesh(getOperation());
    if (!meshOp)
      return;
    Mesh mesh = tp::toMesh(meshOp);
    for (auto entry : getOperation().getOps<nn::EntryOp>())
      for (Operation &op : llvm::make_early_inc_range(entry.getBody().front()))
        if ((isCollective(&op) || isa<tp::SliceOp>(op)) && isIdentity(&op, mesh)) {
          op.replaceAllUsesWith(op.getOperands());
          op.erase();
        }
  }

private:
  static bool isIdentity(Operation *op, const Mesh &mesh) {
    std::optional<AxisId> axis = mesh.findAxis(op->getAttrOfType<StringAttr>("axis").str());
    return axis && mesh.axisSize(*axis) == 1 && op->getOperandTypes() == op->getResultTypes();
  }
};

} // namespace

std::unique_ptr<Pass> tpc::createDropSingleRankCollectivesPass() {
  return std::make_unique<DropSingleRankCollectivesPass>();
}
