//===- PoisonPads.cpp - Pads that nobody may read, filled with NaN -------------------------===//
#include "PoisonPads.h"

#include "compiler/partition/EntryProof.h"

#include "llvm/Support/ErrorHandling.h"

#include <limits>

namespace tpc::interpreter::test {

namespace {

/// Masks all indices of one padded factor beyond its logical extent; the masks that are there
/// already come after it.
void fill(mlir::Value value, int64_t dim, const DimLayout &layout, size_t factor, const Mesh &mesh,
          double with) {
  auto localExtent = [&](size_t begin, size_t end) {
    return begin < end ? localSize(DimLayout(layout.begin() + begin, layout.begin() + end), mesh)
                       : 1;
  };
  const Factor &padded = layout[factor];
  mlir::OpBuilder builder(value.getContext());
  builder.setInsertionPointAfterValue(value);
  mlir::Location loc = value.getLoc();
  int64_t extent = localExtent(factor, factor + 1);
  mlir::StringAttr axis;
  if (padded.isSplit())
    axis = builder.getStringAttr(mesh.axes[padded.axes.front()].name);
  mlir::Value offset = tp::OffsetOp::create(builder, loc, builder.getIndexType(),
                                            builder.getI64IntegerAttr(extent), axis);
  auto mask = tp::MaskOp::create(builder, loc, value.getType(), value, offset, dim,
                                 localExtent(factor + 1, layout.size()), extent, padded.logical,
                                 llvm::APFloat(with));
  for (llvm::StringRef attr : {nn::kScopeAttr, nn::kPhaseAttr})
    if (mlir::Attribute attribute = value.getDefiningOp()->getAttr(attr))
      mask->setAttr(attr, attribute);
  value.replaceAllUsesExcept(mask.getY(), mask);
}

int poisonEntry(nn::EntryOp global, nn::EntryOp local, const Mesh &mesh,
                const DeclaredShardings &declared) {
  EntryProof proof(mesh, declared, global);
  std::vector<mlir::Operation *> ops;
  for (mlir::Operation &op : local.getBody().front()) {
    if (failed(proof.step(&op)))
      llvm::report_fatal_error("only the pads of what is proved are poisoned");
    ops.push_back(&op);
  }
  int masks = 0;
  for (mlir::Operation *op : ops)
    for (mlir::Value value : op->getResults()) {
      const Known *known = proof.find(value);
      auto type = mlir::dyn_cast<mlir::RankedTensorType>(value.getType());
      if (!known || !type || !mlir::isa<mlir::FloatType>(type.getElementType()))
        continue;
      // What is a pad of two factors is zero if it is known to be as a pad of one.
      auto fillAll = [&](bool zero, double with) {
        int filled = 0;
        for (auto [dim, layout] : llvm::enumerate(known->sharding.dims))
          for (size_t factor = 0, pad = 0; factor < layout.size(); ++factor) {
            if (!layout[factor].isPadded() || known->pads.zero[dim][pad++] != zero)
              continue;
            if (layout[factor].axes.size() > 1) // a tp.offset has one axis
              llvm::report_fatal_error("pads of a factor on two axes are not poisoned");
            fill(value, static_cast<int64_t>(dim), layout, factor, mesh, with);
            ++filled;
          }
        return filled;
      };
      if (known->pads.allZero())
        continue;
      fillAll(true, 0);
      masks += fillAll(false, std::numeric_limits<double>::quiet_NaN());
    }
  return masks;
}

} // namespace

int poisonPads(mlir::ModuleOp global, mlir::ModuleOp local) {
  Mesh mesh = tp::toMesh(tp::findMesh(local));
  DeclaredShardings declared = *readDeclarations(local, mesh);
  int masks = 0;
  for (auto [from, to] : llvm::zip_equal(global.getOps<nn::EntryOp>(), local.getOps<nn::EntryOp>()))
    masks += poisonEntry(from, to, mesh, declared);
  return masks;
}

} // namespace tpc::interpreter::test
