//===- StepInputs.cpp - What a rank gets anew for every step ----------------------------------===//
#include "runtime/exec/StepInputs.h"

#include "runtime/support/Patience.h"

using namespace tpc;

namespace {

/// Each buffer begins on a cache line of its own.
constexpr size_t kAlignment = 64;

template <typename Visit> void forEachStepBuffer(const plan::Entry &entry, Visit visit) {
  if (entry.inputs())
    for (const plan::Input *input : *entry.inputs())
      visit(input->buffer());
  if (entry.scalars())
    for (const plan::Scalar *scalar : *entry.scalars())
      visit(scalar->buffer());
  for (int32_t buffer : {entry.step_buffer(), entry.seed_buffer()})
    if (buffer >= 0)
      visit(static_cast<uint32_t>(buffer));
}

} // namespace

Result<std::unique_ptr<StepInputs>> StepInputs::create(const PlanFile &plan, Device &device,
                                                       const RankMemory &memory,
                                                       std::chrono::milliseconds timeout) {
  std::unique_ptr<StepInputs> made(new StepInputs(device, timeout));
  for (const plan::Entry *entry : *plan->entries())
    forEachStepBuffer(*entry, [&](uint32_t buffer) {
      made->inputs_[buffer] = {.memory = memory.buffer(buffer),
                               .bytes = plan.buffer(buffer).bytes()};
    });
  if (!device.isHostMemory() && !made->inputs_.empty())
    TPC_RETURN_IF_ERROR(made->reserve());
  return made;
}

Status StepInputs::reserve() {
  auto place = [](size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; };
  for (const auto &[buffer, input] : inputs_)
    stagedBytes_ += place(input.bytes);
  TPC_ASSIGN_OR_RETURN(void *staging, device_.allocateStaging(stagedBytes_));
  auto *next = static_cast<std::byte *>(staging);
  for (auto &[buffer, input] : inputs_) {
    input.staged = next;
    next += place(input.bytes);
  }
  TPC_ASSIGN_OR_RETURN(copied_, device_.createEvent(EventUse::Order));
  return Status();
}

Status StepInputs::write(uint32_t buffer, const std::function<Status(void *)> &fill) {
  auto found = inputs_.find(buffer);
  if (found == inputs_.end())
    return Status(Code::Internal,
                  "buffer " + std::to_string(buffer) + " is no input of any entry of the plan");
  Input &input = found->second;
  if (!input.staged)
    return fill(input.memory);
  TPC_RETURN_IF_ERROR(awaitCopies());
  TPC_RETURN_IF_ERROR(fill(input.staged));
  input.isNew = true;
  return Status();
}

Status StepInputs::enqueue(Stream stream) {
  bool isAny = false;
  for (auto &[buffer, input] : inputs_) {
    if (!input.isNew)
      continue;
    TPC_RETURN_IF_ERROR(device_.uploadStaged(stream, input.staged, input.memory, input.bytes));
    input.isNew = false;
    isAny = true;
  }
  if (!isAny)
    return Status();
  areCopying_ = true;
  return device_.record(copied_, stream);
}

Status StepInputs::flush() {
  for (auto &[buffer, input] : inputs_) {
    if (!input.isNew)
      continue;
    TPC_RETURN_IF_ERROR(device_.upload(input.staged, input.memory, input.bytes));
    input.isNew = false;
  }
  return Status();
}

Status StepInputs::awaitCopies() {
  Patience patience(timeout_);
  while (areCopying_) {
    TPC_ASSIGN_OR_RETURN(bool passed, device_.hasPassed(copied_));
    if (passed)
      areCopying_ = false;
    else if (!patience.pause())
      return Status(Code::RankFailed,
                    "the inputs of the step before are not copied to the device after " +
                        std::to_string(timeout_.count()) + " ms",
                    "--timeout waits longer");
  }
  return Status();
}
