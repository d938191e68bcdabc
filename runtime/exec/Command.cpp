//===- Command.cpp - Instructions made ready to run -------------------------------------------===//

#include "runtime/exec/Command.h"

#include "runtime/plan/Convert.h"

#include <algorithm>

using namespace tpc;

Result<Kernel> KernelImages::kernel(const plan::KernelLaunch &launch, int rank) {
  std::unique_ptr<KernelModule> &module = modules_[launch.image()];
  if (!module) {
    const plan::KernelImage &data = *plan_->images()->Get(launch.image());
    TPC_ASSIGN_OR_RETURN(
        module, device_.load({data.image()->data(), data.image()->size()}, data.level()->str()));
  }
  Kernel kernel;
  TPC_ASSIGN_OR_RETURN(kernel.function, module->function(launch.function()->str()));
  if (launch.scalars())
    for (const plan::ScalarArgument *scalar : *launch.scalars())
      kernel.scalars.push_back(
          scalar->constant() +
          (scalar->stride() ? plan_.mesh().coordinate(rank, scalar->axis()) * scalar->stride()
                            : 0));
  kernel.tiles = launch.tiles();
  kernel.threads = launch.threads();
  kernel.sharedBytes = launch.shared_bytes();
  return kernel;
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

Result<CollectiveCommand> collectiveCommand(const plan::Collective &collective,
                                            const std::vector<void *> &pointers,
                                            const RankResources &resources, KernelImages &images) {
  CollectiveCommand command{resources.communicators[collective.axis()],
                            {},
                            {},
                            fromPlan(collective.kind()),
                            fromPlan(collective.reduce()),
                            collective.sequence()};
  size_t n = collective.tensors()->size();
  command.kernels.reserve(n); // They stay where they are.
  for (size_t i = 0; i < n; ++i) {
    const plan::CollectiveTensor &tensor = *collective.tensors()->Get(i);
    command.tensors.push_back({pointers[i], pointers[n + i], tensor.outer(), tensor.mid(),
                               tensor.inner(), fromPlan(tensor.dtype())});
    command.tensors.back().outward = tensor.outward();
    if (!tensor.kernel())
      continue;
    TPC_ASSIGN_OR_RETURN(Kernel kernel, images.kernel(*tensor.kernel(), resources.rank));
    command.kernels.push_back(std::move(kernel));
    command.tensors.back().kernel = &command.kernels.back();
  }
  return command;
}

CopyCommand copyCommand(const plan::Instruction &instruction, const Mesh &mesh, int rank) {
  const plan::Copy &copy = *instruction.body_as_Copy();
  if (copy.extent() == 0)
    return {.shape = {.bytes = instruction.operands()->Get(0)->bytes()}};
  int64_t begin =
      std::min(mesh.coordinate(rank, copy.axis()) * copy.extent(), copy.source_extent());
  int64_t end = std::min(begin + copy.extent(), copy.source_extent());
  size_t inner = copy.inner_bytes();
  return {.shape = {.bytes = (end - begin) * inner,
                    .rows = size_t(copy.outer()),
                    .sourcePitch = copy.source_extent() * inner,
                    .destinationPitch = copy.extent() * inner},
          .sourceOffset = begin * inner,
          .zeros = (copy.extent() - (end - begin)) * inner};
}

} // namespace

Result<Command> tpc::makeCommand(const plan::Instruction &instruction, const PlanFile &plan,
                                 const RankResources &resources, KernelImages &images) {
  Command command;
  for (const plan::Slice *slice : *instruction.operands())
    command.pointers.push_back(static_cast<std::byte *>(resources.memory.buffer(slice->buffer())) +
                               slice->offset());
  switch (instruction.body_type()) {
  case plan::Body::Gemm: {
    const plan::Gemm &gemm = *instruction.body_as_Gemm();
    const std::vector<void *> &p = command.pointers;
    GemmCommand product{fromPlan(gemm), {p[0], p[1], p[2]}, {}};
    size_t next = 3;
    if (gemm.bias())
      product.operands.bias = p[next++];
    if (next < p.size())
      product.workspace = {p[next], gemm.workspace_bytes()};
    TPC_RETURN_IF_ERROR(
        resources.device.prepareGemm(product.shape, product.operands, product.workspace));
    command.body = product;
    return command;
  }
  case plan::Body::Attention: {
    const plan::Attention &attention = *instruction.body_as_Attention();
    AttentionCommand body{fromPlan(attention),
                          attention.backward(),
                          attentionOperands(command.pointers, attention.backward()),
                          attention.workspace_bytes(),
                          {}};
    if (attention.kernels())
      for (const plan::KernelLaunch *launch : *attention.kernels()) {
        TPC_ASSIGN_OR_RETURN(Kernel kernel, images.kernel(*launch, resources.rank));
        body.kernels.push_back(std::move(kernel));
      }
    TPC_RETURN_IF_ERROR(resources.device.prepareAttention(
        {body.shape, body.backward, {}, body.workspaceBytes, body.kernels, {}}));
    command.body = std::move(body);
    return command;
  }
  case plan::Body::KernelLaunch: {
    TPC_ASSIGN_OR_RETURN(Kernel kernel,
                         images.kernel(*instruction.body_as_KernelLaunch(), resources.rank));
    command.body = std::move(kernel);
    return command;
  }
  case plan::Body::Collective: {
    TPC_ASSIGN_OR_RETURN(
        CollectiveCommand collective,
        collectiveCommand(*instruction.body_as_Collective(), command.pointers, resources, images));
    command.body = std::move(collective);
    return command;
  }
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
