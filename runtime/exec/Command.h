//===- Command.h - Instructions made ready to run ---------------------------------------------===//
//
// Before the first step every instruction of an entry becomes a command of one rank: slices are
// pointers, scalar arguments are numbers, kernels are function pointers. The loop only dispatches.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/Communicator.h"
#include "runtime/exec/StepInputs.h"

#include <map>
#include <variant>
#include <vector>

namespace tpc {

struct GemmCommand {
  GemmShape shape;
  GemmOperands operands;
  Workspace workspace;
};
struct AttentionCommand {
  AttentionShape shape;
  bool backward;
  AttentionOperands operands;
  size_t workspaceBytes;
  std::vector<Kernel> kernels;
};
struct CollectiveCommand {
  Communicator *communicator;
  std::vector<CollectiveTensor> tensors;
  std::vector<Kernel> kernels; ///< of the tensors, which point to them
  CollectiveKind kind;
  ReduceKind reduce;
  uint32_t sequence;
};
/// A copy, and zeros behind each of its rows.
struct CopyCommand {
  CopyShape shape;
  size_t sourceOffset = 0, zeros = 0; ///< bytes
};
struct FillCommand {
  double value;
  DType dtype;
  size_t elements;
};

struct Command {
  std::vector<void *> pointers; ///< one per operand slice
  std::variant<GemmCommand, AttentionCommand, Kernel, CollectiveCommand, CopyCommand, FillCommand>
      body;
};

/// What the commands of one rank are made from. `communicators`: one per mesh axis.
struct RankResources {
  int rank;
  Device &device;
  RankMemory &memory;
  StepInputs &inputs;
  std::vector<Communicator *> communicators;
};

/// Kernel images of a plan, loaded when first needed.
class KernelImages {
public:
  KernelImages(const PlanFile &plan, Device &device) : plan_(plan), device_(device) {}
  Result<Kernel> kernel(const plan::KernelLaunch &launch, int rank);

private:
  const PlanFile &plan_;
  Device &device_;
  std::map<uint32_t, std::unique_ptr<KernelModule>> modules_;
};

Result<Command> makeCommand(const plan::Instruction &instruction, const PlanFile &plan,
                            const RankResources &resources, KernelImages &images);

} // namespace tpc
