//===- GuardedMemory.cpp - Memory that shows wrong accesses (--check-memory) ------------------===//

#include "runtime/exec/GuardedMemory.h"

#include "runtime/exec/GuardedAllocations.h"
#include "runtime/exec/GuardedPages.h"

using namespace tpc;

Result<std::unique_ptr<GuardedMemory>> GuardedMemory::create(const PlanFile &plan, Device &device) {
  std::unique_ptr<GuardedMemory> memory;
  if (device.isHostMemory())
    memory = std::make_unique<GuardedPages>(plan);
  else
    memory = std::make_unique<GuardedAllocations>(plan, device);
  TPC_RETURN_IF_ERROR(memory->allocate());
  for (const BufferCell &cell : memory->cells_.cells())
    memory->allocatedBytes_ += cell.bytes();
  for (uint32_t b = 0; b < plan->buffers()->size(); ++b) {
    uint32_t cell = memory->cells_.cellOf(b);
    memory->buffers_.push_back(memory->data(cell) +
                               (plan.buffer(b).offset() - memory->cells_.cells()[cell].begin));
  }
  for (const plan::Entry *entry : *plan->entries())
    memory->lifetimes_.emplace(entry, memory->cells_.lifetimesOf(*entry));
  return memory;
}

Status GuardedMemory::beginStep(const plan::Entry &entry, int64_t) {
  for (uint32_t cell : lifetimes_.at(&entry).scratch)
    TPC_RETURN_IF_ERROR(poison(cell));
  return Status();
}

Status GuardedMemory::after(const InstructionEvent &event) {
  for (const plan::Slice *slice : *event.instruction.operands()) {
    TPC_ASSIGN_OR_RETURN(bool intact, isIntact(cells_.cellOf(slice->buffer())));
    if (!intact)
      return Status(Code::RankFailed, "it wrote outside of buffer '" +
                                          plan_.buffer(slice->buffer()).name()->str() + "'");
  }
  auto [begin, end] = lifetimes_.at(&event.entry).lastUse.equal_range(event.index);
  for (auto dead = begin; dead != end; ++dead)
    TPC_RETURN_IF_ERROR(poison(dead->second));
  return Status();
}
