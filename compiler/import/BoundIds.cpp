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

/// How many different ids this use of a value of ids can take, or 0 if it takes any.
static int64_t idsOf(OpOperand &use) {
  auto extent = [](Value value, unsigned dim) {
    return cast<RankedTensorType>(value.getType()).getDimSize(dim);
  };
  if (auto embedding = dyn_cast<nn::EmbeddingOp>(use.getOwner()))
    return use.get() == embedding.getIds() ? extent(embedding.getTable(), 0) : 0;
  if (auto loss = dyn_cast<nn::CrossEntropyOp>(use.getOwner()))
    if (use.get() == loss.getLabels()) {
      auto logits = cast<RankedTensorType>(loss.getLogits().getType());
      return logits.getDimSize(logits.getRank() - 1);
    }
  return 0;
}

static LogicalResult checkPositions(nn::PositionsOp positions) {
  auto type = cast<RankedTensorType>(positions.getY().getType());
  int64_t length = type.getDimSize(type.getRank() - 1);
  for (OpOperand &use : positions.getY().getUses())
    if (int64_t ids = idsOf(use); ids && ids < length)
      return use.getOwner()->emitOpError()
             << "looks up " << length << " positions in a table of " << ids
             << "; bind a shorter sequence, or make the table longer";
  return success();
}

LogicalResult boundIds(ModuleOp module) {
  llvm::DenseMap<StringAttr, int64_t> vocabularies;
  module.walk([&](nn::ReadOp read) {
    for (OpOperand &use : read.getResult().getUses())
      if (int64_t ids = idsOf(use)) {
        auto [known, isNew] = vocabularies.try_emplace(read.getSourceAttr().getAttr(), ids);
        if (!isNew)
          known->second = std::min(known->second, ids);
      }
  });
  for (auto input : module.getOps<nn::InputOp>())
    if (auto found = vocabularies.find(input.getSymNameAttr()); found != vocabularies.end())
      input->setAttr(kVocabularyAttr,
                     Builder(module.getContext()).getI64IntegerAttr(found->second));
  WalkResult result = module.walk([](nn::PositionsOp positions) {
    return failed(checkPositions(positions)) ? WalkResult::interrupt() : WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

} // namespace tpc
