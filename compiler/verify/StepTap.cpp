//===- StepTap.cpp - Checks ops while a plan runs ------------------------------------------===//

#include "compiler/verify/StepTap.h"

#include "compiler/support/Target.h"

#include "compiler/schedule/Program.h"
#include "dialects/tp/TP.h"
#include "runtime/support/BFloat16.h"

#include <limits>

using namespace tpc;
using namespace tpc::verify;

Tensor tpc::verify::readTensor(const void *data, plan::DType dtype, interpreter::Shape shape) {
  Tensor tensor(std::move(shape));
  auto read = [&](auto convert, auto element) {
    const auto *elements = static_cast<const decltype(element) *>(data);
    for (int64_t i = 0; i < tensor.size(); ++i)
      tensor[i] = convert(elements[i]);
  };
  auto same = [](auto value) { return static_cast<double>(value); };
  switch (dtype) {
  case plan::DType::f32:
    read(same, float());
    break;
  case plan::DType::f64:
    read(same, double());
    break;
  case plan::DType::i32:
    read(same, int32_t());
    break;
  case plan::DType::bf16:
    read([](uint16_t value) { return static_cast<double>(bfloat16ToFloat(value)); }, uint16_t());
    break;
  }
  return tensor;
}

std::optional<Rendezvous::Visit> Rendezvous::arrive(int64_t step, size_t index, int rank,
                                                    std::vector<Tensor> operands,
                                                    std::vector<Tensor> results) {
  std::lock_guard lock(mutex_);
  auto key = std::pair(step, index);
  Open &open = open_[key];
  open.visit.operands.resize(ranks_);
  open.visit.results.resize(ranks_);
  open.visit.operands[rank] = std::move(operands);
  open.visit.results[rank] = std::move(results);
  if (++open.arrived < ranks_)
    return std::nullopt;
  Visit visit = std::move(open.visit);
  open_.erase(key);
  return visit;
}

Status StepTap::read(const std::optional<Place> &place, mlir::Value value,
                     std::vector<Tensor> &tensors) const {
  if (!mlir::isa<mlir::RankedTensorType>(value.getType())) {
    tensors.push_back(evaluateOffset(value.getDefiningOp(), session_.plan().mesh(), rank_));
    return Status();
  }
  // What no instruction reads is there for its shape alone: a use of it shows.
  if (!place) {
    tensors.emplace_back(interpreter::shapeOf(value), std::numeric_limits<double>::quiet_NaN());
    return Status();
  }
  return session_.read(rank_, place->buffer, [&](const void *data) {
    tensors.push_back(readTensor(static_cast<const std::byte *>(data) + place->offset,
                                 session_.plan().buffer(place->buffer).dtype(),
                                 interpreter::shapeOf(value)));
    return Status();
  });
}

Status StepTap::before(const InstructionEvent &event) {
  const ScheduledStep &step = entry_.stepOf(event.index);
  if (event.index != step.first)
    return Status();
  operands_.clear();
  for (auto [place, value] : llvm::zip_equal(step.operands, step.op->getOperands()))
    TPC_RETURN_IF_ERROR(read(place, value, operands_));
  return Status();
}

Status StepTap::after(const InstructionEvent &event) {
  const ScheduledStep &step = entry_.stepOf(event.index);
  if (event.index != step.last)
    return Status();
  std::vector<Tensor> found;
  for (auto [place, value] : llvm::zip_equal(step.results, resultsOf(step.op)))
    if (place)
      TPC_RETURN_IF_ERROR(read(place, value, found));
    else
      found.emplace_back(interpreter::Shape{0});

  const Mesh &mesh = session_.plan().mesh();
  if (tp::isCollective(step.op)) {
    auto visit = rendezvous_.arrive(event.step, entry_.indexOf(event.index), rank_,
                                    std::move(operands_), std::move(found));
    operands_.clear();
    if (!visit)
      return Status();
    auto expected = evaluateCollective(step.op, mesh, visit->operands);
    for (size_t rank = 0; rank < expected.size(); ++rank)
      compare(event, step, static_cast<int>(rank), expected[rank], visit->results[rank]);
    return Status();
  }
  const PlanFile &plan = session_.plan();
  const bool isGpu = plan->target()->string_view() == "cuda";
  const DeviceArithmetic device{
      .attentionNarrows = isGpu,
      .approximates = isGpu && cudaTarget(plan->precision()->str()).approximatesFunctions};
  auto expected = evaluateStep(step.op, mesh, rank_, std::move(operands_), device);
  operands_.clear();
  if (failed(expected))
    return Status(Code::Internal, "the op cannot be evaluated in float64");
  compare(event, step, rank_, *expected, found);
  return Status();
}

Subject StepTap::subjectOf(const InstructionEvent &event, const ScheduledStep &step, int rank,
                           unsigned result) const {
  Subject subject{event.step,
                  event.index,
                  rank,
                  result,
                  step.op->getName().getStringRef().str(),
                  event.instruction.name()->str(),
                  ""};
  if (const auto *location = event.instruction.location())
    subject.location = location->str();
  return subject;
}

void StepTap::compare(const InstructionEvent &event, const ScheduledStep &step, int rank,
                      const std::vector<Bounded> &expected, const std::vector<Tensor> &found) {
  for (auto [i, value] : llvm::enumerate(resultsOf(step.op))) {
    Subject subject = subjectOf(event, step, rank, i);
    if (!step.results[i]) {
      findings_.note("result " + std::to_string(i) + " of " + subject.name +
                     " is in no buffer and was not compared");
      continue;
    }
    auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
    findings_.compare(subject, expected[i], found[i], Rounding::of(type.getElementType()));
  }
}
