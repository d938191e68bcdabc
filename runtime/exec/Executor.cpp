//===- Executor.cpp - Enqueues the instructions of one rank -----------------------------------===//

#include "runtime/exec/Executor.h"

#include "runtime/plan/PlanCheck.h"

#include <algorithm>

using namespace tpc;

Executor::Executor(const PlanFile &plan, RankResources resources)
    : plan_(plan), resources_(std::move(resources)), images_(plan, resources_.device) {}

ExecutionObserver::Needs Executor::needs() const {
  auto needs = ExecutionObserver::Needs::Steps;
  for (const ExecutionObserver *observer : observers_)
    needs = std::max(needs, observer->needs());
  return needs;
}

Status Executor::prepare(const plan::Entry &entry) {
  TPC_ASSIGN_OR_RETURN(entries_[&entry], makeSteps(entry));
  return Status();
}

Result<std::vector<Executor::Step>> Executor::makeSteps(const plan::Entry &entry) {
  std::vector<Step> steps;
  for (uint32_t i = 0; i < entry.instructions()->size(); ++i) {
    const plan::Instruction &instruction = *entry.instructions()->Get(i);
    Result<Command> command = makeCommand(instruction, plan_, resources_, images_);
    if (!command.ok())
      return Status(command.status()).withContext(describe(instruction, i));
    Step &step = steps.emplace_back();
    step.command = std::move(*command);
    step.stream = resources_.device.stream(instruction.stream());
    if (!instruction.waits())
      continue;
    for (uint32_t wait : *instruction.waits()) {
      if (!steps[wait].done.handle) {
        TPC_ASSIGN_OR_RETURN(steps[wait].done, resources_.device.createEvent(EventUse::Order));
      }
      step.waits.push_back(steps[wait].done);
    }
  }
  return steps;
}

Status Executor::beginStep(const plan::Entry &entry, int64_t step, Stream origin) {
  if (!entries_.contains(&entry))
    TPC_RETURN_IF_ERROR(prepare(entry));
  entry_ = &entry;
  steps_ = &entries_[&entry];
  step_ = step;
  current_.store(0, std::memory_order_relaxed);
  // Who looks closely finds the inputs where they belong, and the device idle.
  StepInputs &inputs = resources_.inputs;
  bool isClose = needs() != ExecutionObserver::Needs::Steps;
  if (Status status = isClose ? inputs.flush() : inputs.enqueue(origin); !status.ok())
    return failed(std::move(status));
  for (ExecutionObserver *observer : observers_)
    if (Status status = observer->beginStep(entry, step); !status.ok())
      return failed(std::move(status));
  return Status();
}

Status Executor::issue(uint32_t index) {
  current_.store(index, std::memory_order_relaxed);
  InstructionEvent event = eventOf(index);
  for (ExecutionObserver *observer : observers_)
    if (Status status = observer->before(event); !status.ok())
      return failed(std::move(status), index);
  if (Status status = enqueue((*steps_)[index]); !status.ok())
    return failed(std::move(status), index);
  return Status();
}

Status Executor::complete(uint32_t index) {
  const Step &step = (*steps_)[index];
  if (step.done.handle)
    if (Status status = resources_.device.record(step.done, step.stream); !status.ok())
      return failed(std::move(status), index);
  InstructionEvent event = eventOf(index);
  for (auto observer = observers_.rbegin(); observer != observers_.rend(); ++observer)
    if (Status status = (*observer)->after(event); !status.ok())
      return failed(std::move(status), index);
  return Status();
}

Status Executor::endStep() {
  for (ExecutionObserver *observer : observers_)
    if (Status status = observer->endStep(*entry_, step_); !status.ok())
      return failed(std::move(status));
  return Status();
}

Result<bool> Executor::isIdle() {
  for (Communicator *communicator : resources_.communicators)
    TPC_RETURN_IF_ERROR(communicator->check());
  return resources_.device.isIdle();
}

std::optional<uint32_t> Executor::lastDone() {
  for (auto index = static_cast<uint32_t>(steps_->size()); index-- > 0;) {
    Event done = (*steps_)[index].done;
    if (!done.handle)
      continue;
    if (Result<bool> passed = resources_.device.hasPassed(done); passed.ok() && *passed)
      return index;
  }
  return std::nullopt;
}

std::string Executor::describeInstruction(uint32_t index) const {
  return describe(*entry_->instructions()->Get(index), index);
}

InstructionEvent Executor::eventOf(uint32_t index) const {
  const Step &step = (*steps_)[index];
  return {resources_.rank,
          step_,
          *entry_,
          *entry_->instructions()->Get(index),
          index,
          step.command.pointers,
          resources_.device,
          step.stream};
}

Status Executor::enqueue(const Step &step) {
  for (Event event : step.waits)
    TPC_RETURN_IF_ERROR(resources_.device.wait(step.stream, event));
  return execute(step.command, step.stream);
}

Status Executor::execute(const Command &command, Stream stream) {
  Device &device = resources_.device;
  const std::vector<void *> &p = command.pointers;
  if (const auto *gemm = std::get_if<GemmCommand>(&command.body))
    return device.gemm(stream, gemm->shape, gemm->operands, gemm->workspace);
  if (const auto *kernel = std::get_if<Kernel>(&command.body))
    return device.launch(stream, *kernel, p);
  if (const auto *attention = std::get_if<AttentionCommand>(&command.body))
    return device.attention(stream, {attention->shape, attention->backward, attention->operands,
                                     attention->workspaceBytes, attention->kernels, p});
  if (const auto *collective = std::get_if<CollectiveCommand>(&command.body))
    return collective->communicator->run(
        {collective->kind, collective->reduce, collective->tensors, collective->sequence}, stream);
  if (const auto *copy = std::get_if<CopyCommand>(&command.body))
    return executeCopy(*copy, static_cast<const std::byte *>(p[0]), static_cast<std::byte *>(p[1]),
                       stream);
  const auto &fill = std::get<FillCommand>(command.body);
  return device.fill(stream, p[0], fill.value, fill.dtype, {fill.elements});
}

Status Executor::executeCopy(const CopyCommand &copy, const std::byte *source,
                             std::byte *destination, Stream stream) {
  Device &device = resources_.device;
  if (copy.shape.bytes)
    TPC_RETURN_IF_ERROR(device.copy(stream, source + copy.sourceOffset, destination, copy.shape));
  if (!copy.zeros)
    return Status();
  // Elements of every type have a multiple of two bytes, and zero is the same in all of them.
  return device.fill(
      stream, destination + copy.shape.bytes, 0, DType::BF16,
      {copy.zeros / byteSize(DType::BF16), copy.shape.rows, copy.shape.destinationPitch});
}

Status Executor::failed(Status status, uint32_t index) const {
  const plan::Instruction &instruction = *entry_->instructions()->Get(index);
  std::string text = describeInstruction(index);
  if (const plan::Collective *collective = instruction.body_as_Collective())
    text += std::string(", ") + plan::EnumNameCollectiveKind(collective->kind()) + " number " +
            std::to_string(collective->sequence()) + " on axis '" +
            plan_.mesh().axes[collective->axis()].name + "'";
  return Status(Code::RankFailed,
                "rank " + std::to_string(resources_.rank) + " failed in step " +
                    std::to_string(step_) + " at " + text + ": " + status.message(),
                status.hint());
}

Status Executor::failed(Status status) const {
  return Status(Code::RankFailed,
                "rank " + std::to_string(resources_.rank) + " failed in step " +
                    std::to_string(step_) + ": " + status.message(),
                status.hint());
}
