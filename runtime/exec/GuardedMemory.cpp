//===- GuardedMemory.cpp - Memory that shows wrong accesses (--check-memory)
//--------------------===//

#include "runtime/exec/GuardedMemory.h"

#include "runtime/plan/PlanCheck.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>
#include <sys/mman.h>
#include <unistd.h>
#include <unordered_map>

using namespace tpc;

namespace {

/// A NaN as bf16, f32 and f64, and an index far out of range as i32.
constexpr uint16_t kPoison = 0x7FF7;
constexpr std::byte kCanary{0xC5};

void poison(std::byte *data, size_t bytes) {
  for (size_t i = 0; i + 1 < bytes; i += 2)
    std::memcpy(data + i, &kPoison, 2);
}

template <typename Vector, typename Function>
void forEach(const Vector *vector, Function function) {
  if (vector)
    for (const auto *element : *vector)
      function(*element);
}

} // namespace

Result<std::unique_ptr<GuardedMemory>> GuardedMemory::create(const PlanFile &plan) {
  std::unique_ptr<GuardedMemory> memory(new GuardedMemory(plan));
  memory->groupBuffers();
  TPC_RETURN_IF_ERROR(memory->map());
  for (const plan::Entry *entry : *plan->entries())
    memory->lifetimes_.emplace(entry, memory->lifetimesOf(*entry));
  return memory;
}

GuardedMemory::~GuardedMemory() {
  for (const Cell &cell : cells_)
    if (cell.mapping)
      munmap(cell.mapping, cell.mappedBytes);
}

void GuardedMemory::groupBuffers() {
  const auto &buffers = *plan_->buffers();
  std::vector<uint32_t> parent(buffers.size());
  std::iota(parent.begin(), parent.end(), 0);
  auto find = [&](uint32_t b) {
    while (parent[b] != b)
      b = parent[b] = parent[parent[b]];
    return b;
  };
  auto overlap = [&](uint32_t x, uint32_t y) {
    const plan::Buffer &a = *buffers[x], &b = *buffers[y];
    return a.arena() == b.arena() && a.offset() < b.offset() + b.bytes() &&
           b.offset() < a.offset() + a.bytes();
  };
  for (const plan::Entry *entry : *plan_->entries()) {
    std::unordered_map<uint32_t, std::set<uint32_t>> buffersOf;
    auto join = [&](uint32_t value, uint32_t buffer) {
      std::set<uint32_t> &known = buffersOf[value];
      if (!known.insert(buffer).second)
        return;
      for (uint32_t other : known)
        if (overlap(other, buffer))
          parent[find(other)] = find(buffer);
    };
    for (const plan::Instruction *instruction : *entry->instructions())
      for (const plan::Slice *slice : *instruction->operands()) {
        join(slice->value(), slice->buffer());
        if (slice->access() == plan::Access::read_write)
          join(slice->written_value(), slice->buffer());
      }
  }
  std::unordered_map<uint32_t, uint32_t> cellOfRoot;
  for (uint32_t b = 0; b < buffers.size(); ++b) {
    const plan::Buffer &buffer = *buffers[b];
    uint64_t begin = buffer.offset(), end = begin + buffer.bytes();
    auto [at, isNew] = cellOfRoot.emplace(find(b), static_cast<uint32_t>(cells_.size()));
    if (isNew)
      cells_.push_back({buffer.arena(), begin, end});
    Cell &cell = cells_[at->second];
    cell.begin = std::min(cell.begin, begin);
    cell.end = std::max(cell.end, end);
    cellOf_.push_back(at->second);
  }
}

Status GuardedMemory::map() {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  for (Cell &cell : cells_) {
    // The end lies as close to the guard behind it as the alignment of buffers allows.
    size_t room = (cell.bytes() + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
    size_t pages = std::max<size_t>(1, (room + page - 1) / page);
    cell.mappedBytes = (pages + 2) * page;
    void *mapping = mmap(nullptr, cell.mappedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
      return Status(Code::Unavailable, "--check-memory cannot map memory for every buffer",
                    "raise vm.max_map_count, or check a smaller model");
    cell.mapping = static_cast<std::byte *>(mapping);
    if (mprotect(cell.mapping + page, pages * page, PROT_READ | PROT_WRITE) != 0)
      return Status(Code::Unavailable, "--check-memory cannot protect the pages of every buffer",
                    "raise vm.max_map_count, or check a smaller model");
    std::memset(cell.mapping + page, static_cast<int>(kCanary), pages * page);
    cell.data = cell.mapping + (pages + 1) * page - room;
    std::memset(cell.data, 0, cell.bytes());
    allocatedBytes_ += cell.bytes();
  }
  for (uint32_t b = 0; b < cellOf_.size(); ++b) {
    const Cell &cell = cells_[cellOf_[b]];
    buffers_.push_back(cell.data + (plan_.buffer(b).offset() - cell.begin));
  }
  return Status();
}

GuardedMemory::Lifetimes GuardedMemory::lifetimesOf(const plan::Entry &entry) const {
  std::set<uint32_t> bound, outputs;
  auto binds = [&](const auto &binding) { bound.insert(cellOf_[binding.buffer()]); };
  forEach(plan_->parameters(), binds);
  forEach(plan_->states(), binds);
  forEach(entry.inputs(), binds);
  forEach(entry.scalars(), binds);
  for (int buffer : {entry.step_buffer(), entry.seed_buffer()})
    if (buffer >= 0)
      bound.insert(cellOf_[buffer]);
  forEach(entry.outputs(), [&](const auto &output) { outputs.insert(cellOf_[output.buffer()]); });

  std::map<uint32_t, uint32_t> last;
  for (uint32_t i = 0; i < entry.instructions()->size(); ++i)
    for (const plan::Slice *slice : *entry.instructions()->Get(i)->operands())
      last[cellOf_[slice->buffer()]] = i;
  Lifetimes lifetimes;
  for (auto [cell, instruction] : last) {
    if (bound.contains(cell))
      continue;
    lifetimes.scratch.push_back(cell);
    if (!outputs.contains(cell))
      lifetimes.lastUse.emplace(instruction, cell);
  }
  return lifetimes;
}

Status GuardedMemory::beginStep(const plan::Entry &entry, int64_t) {
  for (uint32_t index : lifetimes_.at(&entry).scratch)
    poison(cells_[index].data, cells_[index].bytes());
  return Status();
}

Status GuardedMemory::before(const InstructionEvent &event) {
  rank_.store(event.rank);
  runningIndex_.store(event.index);
  running_.store(&event.instruction);
  return Status();
}

bool GuardedMemory::explain(const void *address, char *message, size_t size) const {
  const std::byte *byte = static_cast<const std::byte *>(address);
  for (uint32_t b = 0; b < buffers_.size(); ++b) {
    const Cell &cell = cells_[cellOf_[b]];
    if (byte < cell.mapping || byte >= cell.mapping + cell.mappedBytes)
      continue;
    const plan::Instruction *running = running_.load();
    std::snprintf(
        message, size,
        "tpc: error: rank %d: instruction %u '%s' touched memory outside of buffer '%s'\n",
        rank_.load(), runningIndex_.load(), running ? running->name()->c_str() : "",
        plan_.buffer(b).name()->c_str());
    return true;
  }
  return false;
}

Status GuardedMemory::after(const InstructionEvent &event) {
  for (const plan::Slice *slice : *event.instruction.operands())
    if (const Cell &cell = cells_[cellOf_[slice->buffer()]]; !canariesIntact(cell))
      return Status(Code::RankFailed, "it wrote outside of buffer '" +
                                          plan_.buffer(slice->buffer()).name()->str() + "'");
  auto [begin, end] = lifetimes_.at(&event.entry).lastUse.equal_range(event.index);
  for (auto dead = begin; dead != end; ++dead)
    poison(cells_[dead->second].data, cells_[dead->second].bytes());
  return Status();
}

bool GuardedMemory::canariesIntact(const Cell &cell) const {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  auto isCanary = [](std::byte b) { return b == kCanary; };
  return std::all_of(cell.mapping + page, cell.data, isCanary) &&
         std::all_of(cell.data + cell.bytes(), cell.mapping + cell.mappedBytes - page, isCanary);
}
