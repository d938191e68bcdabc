//===- RankMemory.cpp - Where the buffers of one rank lie -------------------------------------===//

#include "runtime/exec/RankMemory.h"

using namespace tpc;

namespace {

class ArenaMemory final : public RankMemory {
public:
  Status allocate(const PlanFile &plan, Device &device) {
    std::vector<std::byte *> arenas;
    for (const plan::Arena *arena : *plan->arenas()) {
      void *memory = nullptr;
      if (arena->bytes() > 0) {
        TPC_ASSIGN_OR_RETURN(memory, device.allocate(arena->bytes()));
        allocatedBytes_ += arena->bytes();
      }
      arenas.push_back(static_cast<std::byte *>(memory));
    }
    for (const plan::Buffer *buffer : *plan->buffers())
      buffers_.push_back(arenas[buffer->arena()] + buffer->offset());
    return Status();
  }
};

} // namespace

Result<std::unique_ptr<RankMemory>> RankMemory::create(const PlanFile &plan, Device &device) {
  auto memory = std::make_unique<ArenaMemory>();
  TPC_RETURN_IF_ERROR(memory->allocate(plan, device));
  return std::unique_ptr<RankMemory>(std::move(memory));
}
