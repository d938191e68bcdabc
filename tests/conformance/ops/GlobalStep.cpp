//===- GlobalStep.cpp - A step before it is split, in float64, with bounds -----------------===//
#include "GlobalStep.h"

#include "llvm/ADT/DenseMap.h"

namespace tpc::conformance {

using verify::Bounded;

mlir::FailureOr<BoundedOutcome> runBounded(nn::EntryOp entry,
                                           const interpreter::Bindings &bindings) {
  BoundedOutcome outcome;
  llvm::DenseMap<mlir::Value, Bounded> values;
  for (mlir::Operation &op : entry.getBody().front()) {
    if (auto read = mlir::dyn_cast<nn::ReadOp>(op)) {
      values[read.getResult()] = {bindings.at(read.getSource().str()), std::nullopt};
      continue;
    }
    std::vector<const Bounded *> operands;
    for (mlir::Value operand : op.getOperands())
      operands.push_back(&values.find(operand)->second);
    if (auto write = mlir::dyn_cast<nn::WriteOp>(op)) {
      outcome.writes[write.getTarget().str()] = *operands[0];
    } else if (mlir::isa<nn::ReturnOp>(op)) {
      for (const Bounded *operand : operands)
        outcome.outputs.push_back(*operand);
    } else {
      auto results = verify::evaluateOp(&op, Mesh{}, 0, operands);
      if (failed(results))
        return mlir::failure();
      for (auto [value, result] : llvm::zip_equal(op.getResults(), *results))
        values[value] = std::move(result);
    }
  }
  return outcome;
}

} // namespace tpc::conformance
