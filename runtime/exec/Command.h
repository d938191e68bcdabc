//===- Command.h - Instructions made ready to run
//-----------------------------------------------===//
//
// Before the first step every instruction of an entry becomes a command of one rank: slices are
// pointers, scalar arguments are numbers, kernels are function pointers. The loop only dispatches.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/Communicator.h"
#include "runtime/exec/RankMemory.h"

#include <map>
#include <variant>
#include <vector>

namespace tpc {

struct GemmCommand {
  GemmShape shape;
  void *workspace; ///< null without one
};
struct AttentionCommand {
  AttentionShape shape;
  AttentionOperands operands;
  bool backward;
};
struct KernelCommand {
  KernelFunction function;
  std::vector<int64_t> scalars;
  int64_t tiles;
};
struct CollectiveCommand {
  Communicator *communicator;
  std::vector<CollectiveTensor> tensors;
  CollectiveKind kind;
  ReduceKind reduce;
  uint32_t sequence;
};
/// `rows` times: `copied` bytes from the source, then `zeros` zero bytes. Pitches in bytes.
struct CopyCommand {
  size_t rows = 1, copied, zeros = 0;
  size_t sourceOffset = 0, sourcePitch = 0, destinationPitch = 0;
};
struct FillCommand {
  double value;
  DType dtype;
  size_t elements;
};

struct Command {
  std::vector<void *> pointers; ///< one per operand slice
  std::variant<GemmCommand, AttentionCommand, KernelCommand, CollectiveCommand, CopyCommand,
               FillCommand>
      body;
};

/// What the commands of one rank are made from. `communicators`: one per mesh axis.
struct RankResources {
  int rank;
  Device &device;
  RankMemory &memory;
  std::vector<Communicator *> communicators;
};

/// Kernel images of a plan, loaded when first needed.
class KernelImages {
public:
  KernelImages(const PlanFile &plan, Device &device) : plan_(plan), device_(device) {}
  Result<KernelFunction> function(uint32_t image, const std::string &name);

private:
  const PlanFile &plan_;
  Device &device_;
  std::map<uint32_t, std::unique_ptr<KernelModule>> modules_;
};

Result<Command> makeCommand(const plan::Instruction &instruction, const PlanFile &plan,
                            const RankResources &resources, KernelImages &images);

} // namespace tpc
