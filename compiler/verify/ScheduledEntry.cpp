//===- ScheduledEntry.cpp - Which instructions carry out which op ---------------------------===//

#include "compiler/verify/ScheduledEntry.h"

#include "compiler/emit/ValueNumbers.h"

#include "mlir/Parser/Parser.h"

using namespace tpc;
using namespace tpc::verify;

namespace {

Status badPlan(const std::string &what) {
  return Status(Code::InvalidInput,
                "the plan's instructions are not those of its scheduled program: " + what,
                "compile the model again with this version of tpc");
}

bool isRead(const plan::Slice &slice) { return slice.access() != plan::Access::write; }
bool isWritten(const plan::Slice &slice) { return slice.access() != plan::Access::read; }
uint32_t writtenValue(const plan::Slice &slice) {
  return slice.access() == plan::Access::read_write ? slice.written_value() : slice.value();
}

class PlaceFinder {
public:
  PlaceFinder(const plan::Entry &entry, const ScheduledStep &step) : entry(entry), step(step) {}

  std::optional<Place> reading(uint32_t value) const {
    return find([&](const plan::Slice &slice) { return isRead(slice) && slice.value() == value; });
  }
  std::optional<Place> writing(uint32_t value) const {
    return find(
        [&](const plan::Slice &slice) { return isWritten(slice) && writtenValue(slice) == value; });
  }
  std::optional<Place> written() const { return find(isWritten); }

private:
  std::optional<Place> find(llvm::function_ref<bool(const plan::Slice &)> matches) const {
    for (uint32_t i = step.first; i <= step.last; ++i)
      for (const plan::Slice *slice : *entry.instructions()->Get(i)->operands())
        if (matches(*slice))
          return Place{slice->buffer(), slice->offset()};
    return std::nullopt;
  }

  const plan::Entry &entry;
  const ScheduledStep &step;
};

} // namespace

std::vector<mlir::Value> tpc::verify::resultsOf(mlir::Operation *step) {
  if (auto write = mlir::dyn_cast<nn::WriteOp>(step))
    return {write.getValue()};
  return {step->getResults().begin(), step->getResults().end()};
}

Result<ScheduledEntry> ScheduledEntry::create(const PlanFile &, const plan::Entry &entry,
                                              nn::EntryOp op) {
  std::vector<mlir::Operation *> ops;
  for (mlir::Operation &inner : op.getBody().front())
    ops.push_back(&inner);

  ScheduledEntry result;
  for (uint32_t i = 0; i < entry.instructions()->size(); ++i) {
    uint32_t number = entry.instructions()->Get(i)->op();
    if (number >= ops.size())
      return badPlan("instruction " + std::to_string(i) + " belongs to op " +
                     std::to_string(number) + " of " + std::to_string(ops.size()));
    if (result.steps_.empty() || result.steps_.back().op != ops[number])
      result.steps_.push_back({ops[number], i, i, {}, {}});
    result.steps_.back().last = i;
    result.stepIndex_.push_back(result.steps_.size() - 1);
  }

  ValueNumbers numbers(op);
  for (ScheduledStep &step : result.steps_) {
    PlaceFinder places(entry, step);
    for (mlir::Value operand : step.op->getOperands())
      step.operands.push_back(mlir::isa<mlir::RankedTensorType>(operand.getType())
                                  ? places.reading(numbers[operand])
                                  : std::nullopt);
    for (mlir::Value value : resultsOf(step.op))
      step.results.push_back(mlir::isa<nn::WriteOp>(step.op) ? places.written()
                                                             : places.writing(numbers[value]));
  }
  return result;
}

Result<mlir::OwningOpRef<mlir::ModuleOp>> tpc::verify::parseProgram(const flatbuffers::String *text,
                                                                    const char *level,
                                                                    mlir::MLIRContext &context) {
  if (!text || text->size() == 0)
    return Status(Code::InvalidInput,
                  std::string("the plan does not hold its program of level ") + level,
                  "compile the model again with this version of tpc");
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      llvm::StringRef(text->c_str(), text->size()), &context, "plan");
  if (!module)
    return Status(Code::InvalidInput,
                  std::string("the plan's program of level ") + level + " is no valid IR",
                  "compile the model again with this version of tpc");
  return module;
}

nn::EntryOp tpc::verify::findEntry(mlir::ModuleOp module, llvm::StringRef name) {
  return mlir::dyn_cast_or_null<nn::EntryOp>(mlir::SymbolTable::lookupSymbolIn(module, name));
}
