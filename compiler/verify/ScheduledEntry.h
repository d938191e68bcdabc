//===- ScheduledEntry.h - Which instructions carry out which op -----------------------------===//
//
// The plan says of each instruction which op of its scheduled program it belongs to, and of each
// slice which value it holds. So the operands and results of an op can be found in memory.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"
#include "runtime/plan/PlanFile.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <optional>
#include <vector>

namespace tpc::verify {

/// Where a tensor lies on each rank.
struct Place {
  uint32_t buffer;
  uint64_t offset; ///< bytes from the start of the buffer
};

/// An op and its instructions, which follow each other.
struct ScheduledStep {
  mlir::Operation *op;
  uint32_t first, last;
  std::vector<std::optional<Place>> operands; ///< nothing: not read, or no tensor
  std::vector<std::optional<Place>> results;  ///< nothing: not written
};

class ScheduledEntry {
public:
  static Result<ScheduledEntry> create(const PlanFile &plan, const plan::Entry &entry,
                                       nn::EntryOp op);

  llvm::ArrayRef<ScheduledStep> steps() const { return steps_; }
  /// The step of an instruction.
  const ScheduledStep &stepOf(uint32_t instruction) const {
    return steps_[stepIndex_[instruction]];
  }
  size_t indexOf(uint32_t instruction) const { return stepIndex_[instruction]; }

private:
  std::vector<ScheduledStep> steps_;
  std::vector<size_t> stepIndex_; ///< of each instruction
};

/// The tensors of a step as its instructions move them: a write has its value as only result.
std::vector<mlir::Value> resultsOf(mlir::Operation *step);

/// A program that a plan holds as text.
Result<mlir::OwningOpRef<mlir::ModuleOp>>
parseProgram(const flatbuffers::String *text, const char *level, mlir::MLIRContext &context);
nn::EntryOp findEntry(mlir::ModuleOp module, llvm::StringRef name);

} // namespace tpc::verify
