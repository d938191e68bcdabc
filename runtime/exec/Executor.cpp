//===- Executor.cpp - Runs the instructions of one rank
//-----------------------------------------===//

#include "runtime/exec/Executor.h"

#include "runtime/plan/PlanCheck.h"

using namespace tpc;

Executor::Executor(const PlanFile &plan, RankResources resources)
    : plan_(plan), resources_(std::move(resources)), images_(plan, resources_.device) {}

Status Executor::prepare(const plan::Entry &entry) {
  std::vector<Command> commands;
  for (uint32_t i = 0; i < entry.instructions()->size(); ++i) {
    const plan::Instruction &instruction = *entry.instructions()->Get(i);
    Result<Command> command = makeCommand(instruction, plan_, resources_, images_);
    if (!command.ok())
      return Status(command.status()).withContext(describe(instruction, i));
    commands.push_back(std::move(*command));
  }
  commands_[&entry] = std::move(commands);
  return Status();
}

Status Executor::run(const plan::Entry &entry, int64_t step) {
  if (!commands_.contains(&entry))
    TPC_RETURN_IF_ERROR(prepare(entry));
  const std::vector<Command> &commands = commands_[&entry];
  for (ExecutionObserver *observer : observers_)
    TPC_RETURN_IF_ERROR(observer->beginStep(entry, step));
  for (uint32_t i = 0; i < commands.size(); ++i) {
    const plan::Instruction &instruction = *entry.instructions()->Get(i);
    current_.store(i, std::memory_order_relaxed);
    InstructionEvent event{resources_.rank, step, entry, instruction, i, commands[i].pointers};
    if (Status status = runOne(commands[i], event); !status.ok())
      return std::move(status).withContext(describeFailure(instruction, i));
  }
  return Status();
}

Status Executor::runOne(const Command &command, const InstructionEvent &event) {
  for (ExecutionObserver *observer : observers_)
    TPC_RETURN_IF_ERROR(observer->before(event));
  TPC_RETURN_IF_ERROR(execute(command));
  for (auto observer = observers_.rbegin(); observer != observers_.rend(); ++observer)
    TPC_RETURN_IF_ERROR((*observer)->after(event));
  return Status();
}

Status Executor::execute(const Command &command) {
  Device &device = resources_.device;
  void *const *p = command.pointers.data();
  if (const auto *gemm = std::get_if<GemmCommand>(&command.body))
    return device.gemm(gemm->shape, p[0], p[1], p[2], gemm->workspace);
  if (const auto *kernel = std::get_if<KernelCommand>(&command.body))
    return device.launch(kernel->function, p, kernel->scalars.data(), kernel->tiles);
  if (const auto *attention = std::get_if<AttentionCommand>(&command.body))
    return attention->backward ? device.attentionBackward(attention->shape, attention->operands)
                               : device.attention(attention->shape, attention->operands);
  if (const auto *collective = std::get_if<CollectiveCommand>(&command.body))
    return collective->communicator->run(
        {collective->kind, collective->reduce, collective->tensors, collective->sequence});
  if (const auto *copy = std::get_if<CopyCommand>(&command.body))
    return executeCopy(*copy, static_cast<const std::byte *>(p[0]), static_cast<std::byte *>(p[1]));
  const auto &fill = std::get<FillCommand>(command.body);
  return device.fill(p[0], fill.value, fill.dtype, fill.elements);
}

Status Executor::executeCopy(const CopyCommand &copy, const std::byte *source,
                             std::byte *destination) {
  Device &device = resources_.device;
  source += copy.sourceOffset;
  for (size_t row = 0; row < copy.rows; ++row) {
    TPC_RETURN_IF_ERROR(device.copy(source, destination, copy.copied));
    // Elements of every type have a multiple of two bytes, and zero is the same in all of them.
    if (copy.zeros)
      TPC_RETURN_IF_ERROR(device.fill(destination + copy.copied, 0, DType::BF16,
                                      copy.zeros / byteSize(DType::BF16)));
    source += copy.sourcePitch;
    destination += copy.destinationPitch;
  }
  return Status();
}

std::string Executor::describeFailure(const plan::Instruction &instruction, uint32_t index) const {
  std::string text = describe(instruction, index);
  if (const plan::Collective *collective = instruction.body_as_Collective())
    text += std::string(", ") + plan::EnumNameCollectiveKind(collective->kind()) + " number " +
            std::to_string(collective->sequence()) + " on axis '" +
            plan_.mesh().axes[collective->axis()].name + "'";
  return text;
}
