//===- Command.cpp - Instructions made ready to run
//---------------------------------------------===//

#include "runtime/exec/Command.h"

#include "runtime/plan/Convert.h"

#include <algorithm>

using namespace tpc;

Result<KernelFunction> KernelImages::function(uint32_t image, const std::string &name) {
  std::unique_ptr<KernelModule> &module = modules_[image];
  if (!module) {
    const plan::KernelImage &data = *plan_->images()->Get(image);
    TPC_ASSIGN_OR_RETURN(
        module, device_.load({data.image()->data(), data.image()->size()}, data.level()->str()));
  }
  return module->function(name);
}

namespace {

AttentionOperands attentionOperands(const std::vector<void *> &pointers, bool backward) {
  AttentionOperands operands{};
  operands.q = pointers[0];
  operands.k = pointers[1];
  operands.v = pointers[2];
  operands.o = pointers[3];
  operands.lse = pointers[4];
  size_t next = 5;
  if (backward) {
    operands.dOut = pointers[5];
    operands.dq = pointers[6];
    operands.dk = pointers[7];
    operands.dv = pointers[8];
    next = 9;
  }
  operands.workspace = next < pointers.size() ? pointers[next] : nullptr;
  return operands;
}

CollectiveCommand collectiveCommand(const plan::Collective &collective,
                                    const std::vector<void *> &pointers,
                                    const RankResources &resources) {
  CollectiveCommand command{resources.communicators[collective.axis()],
                            {},
                            fromPlan(collective.kind()),
                            fromPlan(collective.reduce()),
                            collective.sequence()};
  size_t n = collective.tensors()->size();
  for (size_t i = 0; i < n; ++i) {
    const plan::CollectiveTensor &tensor = *collective.tensors()->Get(i);
    command.tensors.push_back({pointers[i], pointers[n + i], tensor.outer(), tensor.mid(),
                               tensor.inner(), fromPlan(tensor.dtype())});
  }
  return command;
}

CopyCommand copyCommand(const plan::Instruction &instruction, const Mesh &mesh, int rank) {
  const plan::Copy &copy = *instruction.body_as_Copy();
  if (copy.extent() == 0)
    return {.copied = instruction.operands()->Get(0)->bytes()};
  int64_t begin =
      std::min(mesh.coordinate(rank, copy.axis()) * copy.extent(), copy.source_extent());
  int64_t end = std::min(begin + copy.extent(), copy.source_extent());
  size_t inner = copy.inner_bytes();
  return {.rows = size_t(copy.outer()),
          .copied = (end - begin) * inner,
          .zeros = (copy.extent() - (end - begin)) * inner,
          .sourceOffset = begin * inner,
          .sourcePitch = copy.source_extent() * inner,
          .destinationPitch = copy.extent() * inner};
}

} // namespace

Result<Command> tpc::makeCommand(const plan::Instruction &instruction, const PlanFile &plan,
                                 const RankResources &resources, KernelImages &images) {
  Command command;
  for (const plan::Slice *slice : *instruction.operands())
    command.pointers.push_back(static_cast<std::byte *>(resources.memory.buffer(slice->buffer())) +
                               slice->offset());
  switch (instruction.body_type()) {
  case plan::Body::Gemm:
    command.body = GemmCommand{fromPlan(*instruction.body_as_Gemm()),
                               command.pointers.size() > 3 ? command.pointers[3] : nullptr};
    return command;
  case plan::Body::Attention: {
    const plan::Attention &attention = *instruction.body_as_Attention();
    command.body = AttentionCommand{fromPlan(attention),
                                    attentionOperands(command.pointers, attention.backward()),
                                    attention.backward()};
    return command;
  }
  case plan::Body::KernelLaunch: {
    const plan::KernelLaunch &launch = *instruction.body_as_KernelLaunch();
    TPC_ASSIGN_OR_RETURN(KernelFunction function,
                         images.function(launch.image(), launch.function()->str()));
    KernelCommand kernel{function, {}, launch.tiles()};
    if (launch.scalars())
      for (const plan::ScalarArgument *scalar : *launch.scalars())
        kernel.scalars.push_back(
            scalar->constant() +
            (scalar->stride()
                 ? plan.mesh().coordinate(resources.rank, scalar->axis()) * scalar->stride()
                 : 0));
    command.body = std::move(kernel);
    return command;
  }
  case plan::Body::Collective:
    command.body =
        collectiveCommand(*instruction.body_as_Collective(), command.pointers, resources);
    return command;
  case plan::Body::Copy:
    command.body = copyCommand(instruction, plan.mesh(), resources.rank);
    return command;
  case plan::Body::Fill: {
    const plan::Fill &fill = *instruction.body_as_Fill();
    DType dtype = fromPlan(fill.dtype());
    command.body =
        FillCommand{fill.value(), dtype, instruction.operands()->Get(0)->bytes() / byteSize(dtype)};
    return command;
  }
  case plan::Body::NONE:
    break;
  }
  return Status(Code::Internal, "an instruction of an unknown kind passed the checks of loading");
}
