//===- BoundIds.cpp - Which ids the model can take -----------------------------------------===//
//
// An id outside of an embedding's table gives zeros, and a label outside of the classes counts for
// nothing: training would go on, wrong. What tables and logits bound is written down for the run,
// which checks its data; positions are known now.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/import/Import.h"
#include "dialects/nn/NN.h"

using namespace mlir;

namespace tpc {

namespace {

/// Which ids a use of a value takes.
struct Ids {
  int64_t count = 0;              ///< from 0 on; 0: any
  std::optional<int64_t> ignored; ///< and this one, a label that counts for nothing

  bool areAny() const { return count == 0; }
  /// Those that both take.
  Ids operator&(const Ids &other) const {
    return {std::min(count, other.count),
            ignored == other.ignored ? ignored : std::optional<int64_t>()};
  }
};

} // namespace

static Ids idsOf(OpOperand &use) {
  auto extent = [](Value value, unsigned dim) {
    return cast<RankedTensorType>(value.getType()).getDimSize(dim);
  };
  if (auto embedding = dyn_cast<nn::EmbeddingOp>(use.getOwner()))
    if (use.get() == embedding.getIds())
      return {extent(embedding.getTable(), 0), std::nullopt};
  if (auto loss = dyn_cast<nn::CrossEntropyOp>(use.getOwner()))
    if (use.get() == loss.getLabels()) {
      auto logits = cast<RankedTensorType>(loss.getLogits().getType());
      return {logits.getDimSize(logits.getRank() - 1), loss.getIgnoreIndex()};
    }
  return {};
}

static LogicalResult checkPositions(nn::PositionsOp positions) {
  auto type = cast<RankedTensorType>(positions.getY().getType());
  int64_t length = type.getDimSize(type.getRank() - 1);
  for (OpOperand &use : positions.getY().getUses())
    if (Ids ids = idsOf(use); !ids.areAny() && ids.count < length)
      return use.getOwner()->emitOpError()
             << "looks up " << length << " positions in a table of " << ids.count
             << "; bind a shorter sequence, or make the table longer";
  return success();
}

LogicalResult boundIds(ModuleOp module) {
  llvm::DenseMap<StringAttr, Ids> idsOfInputs;
  module.walk([&](nn::ReadOp read) {
    for (OpOperand &use : read.getResult().getUses())
      if (Ids ids = idsOf(use); !ids.areAny()) {
        auto [known, isNew] = idsOfInputs.try_emplace(read.getSourceAttr().getAttr(), ids);
        if (!isNew)
          known->second = known->second & ids;
      }
  });
  Builder builder(module.getContext());
  for (auto input : module.getOps<nn::InputOp>())
    if (auto found = idsOfInputs.find(input.getSymNameAttr()); found != idsOfInputs.end()) {
      const Ids &ids = found->second;
      input->setAttr(kVocabularyAttr, builder.getI64IntegerAttr(ids.count));
      if (ids.ignored)
        input->setAttr(kIgnoredAttr, builder.getI64IntegerAttr(*ids.ignored));
    }
  WalkResult result = module.walk([](nn::PositionsOp positions) {
    return failed(checkPositions(positions)) ? WalkResult::interrupt() : WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

} // namespace tpc
