//===- DeviceChoice.cpp - What a run computes on, and how its ranks meet ----------------------===//
#include "runtime/cli/DeviceChoice.h"

#include "runtime/device/cuda/CudaBackend.h"
#include "runtime/plan/PlanCheck.h"

#include <cinttypes>

using namespace tpc;

static bool isCuda(const PlanFile &plan) { return plan->target()->string_view() == "cuda"; }

static bool hasBf16Attention(const PlanFile &plan) {
  for (const plan::Entry *entry : *plan->entries())
    for (const plan::Instruction *instruction : *entry->instructions())
      if (const plan::Attention *attention = instruction->body_as_Attention())
        if (attention->dtype() == plan::DType::bf16)
          return true;
  return false;
}

Status tpc::checkTarget(const PlanFile &plan, const RunOptions &options) {
  if (!isCuda(plan))
    return Status();
  if (options.threadsPerRank)
    return Status(Code::Usage, "--threads-per-rank has no effect on a plan for cuda",
                  "leave it out");
  return Status();
}

Result<Comm> tpc::chooseComm(const PlanFile &plan, const RunOptions &options, bool launched) {
  const std::string &asked = options.comm;
  if (asked == "local")
    return Comm::Local;
  if (!isCuda(plan)) {
    if (asked == "nccl")
      return Status(Code::Usage, "--comm nccl connects GPUs, and the plan is for cpu",
                    "--comm local runs all ranks as threads, --comm tcp as processes");
    return asked == "tcp" || launched ? Comm::Tcp : Comm::Local;
  }
  if (asked == "tcp")
    return Status(Code::Usage, "--comm tcp connects ranks on CPUs, and the plan is for cuda",
                  "--comm nccl gives each rank a GPU, --comm local puts all on one");
  return asked == "auto" && plan.mesh().numRanks() == 1 && !launched ? Comm::Local : Comm::Nccl;
}

bool tpc::mustRepeat(const RunOptions &options, Comm comm, int64_t ranks) {
  return options.deterministic || (comm == Comm::Local && (ranks > 1 || options.comm == "local"));
}

std::string tpc::algorithmsPath(const RunOptions &options) { return options.plan + ".algorithms"; }

Result<DeviceChoice> tpc::chooseDevice(const PlanFile &plan, const RunOptions &options, Comm comm,
                                       int gpu) {
  DeviceChoice choice;
  if (!isCuda(plan)) {
    choice.make = createCpuDevice;
    return choice;
  }
  for (const MeshAxis &axis : plan.mesh().axes)
    if (comm == Comm::Local && axis.size > kMostRanksOfAGpu)
      return Status(Code::Usage,
                    "all ranks would share one GPU, which takes at most " +
                        std::to_string(kMostRanksOfAGpu) + " of an axis, and " + axis.name +
                        " has " + std::to_string(axis.size),
                    "tpc run --comm nccl gives each rank a GPU");
  CudaOptions cuda;
  cuda.gpu = gpu;
  cuda.timeout = std::chrono::seconds(options.timeoutSeconds);
  cuda.tf32 = plan->precision()->string_view() == "tf32";
  cuda.cudnn = hasBf16Attention(plan);
  cuda.deterministic = mustRepeat(options, comm, plan.mesh().numRanks());
  // Processes that chose for themselves could choose differently, and what all ranks compute alike
  // would not be alike.
  bool isOneProcess = comm == Comm::Local || plan.mesh().numRanks() == 1;
  cuda.timedChoices = isOneProcess && !options.deterministic;
  if (isOneProcess)
    cuda.choicesPath = algorithmsPath(options);
  char hash[24];
  std::snprintf(hash, sizeof(hash), "plan %016" PRIx64, plan->content_hash());
  cuda.choicesOwner = hash;
  TPC_ASSIGN_OR_RETURN(std::unique_ptr<CudaBackend> opened, openCudaBackend(cuda));
  std::shared_ptr<CudaBackend> backend = std::move(opened);
  choice.description = backend->describe();
  choice.refusals = [backend] { return backend->refusals(); };
  choice.isGpu = choice.lockstep = true;
  choice.make = [backend](int) { return backend->createDevice(); };
  return choice;
}
