//===- BufferCells.cpp - What --check-memory keeps apart -------------------------------------===//
#include "runtime/exec/BufferCells.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <unordered_map>

using namespace tpc;

template <typename Vector, typename Function>
static void forEach(const Vector *vector, Function function) {
  if (vector)
    for (const auto *element : *vector)
      function(*element);
}

BufferCells::BufferCells(const PlanFile &plan) : plan_(plan) {
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
    BufferCell &cell = cells_[at->second];
    cell.begin = std::min(cell.begin, begin);
    cell.end = std::max(cell.end, end);
    cellOf_.push_back(at->second);
  }
}

CellLifetimes BufferCells::lifetimesOf(const plan::Entry &entry) const {
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
  CellLifetimes lifetimes;
  for (auto [cell, instruction] : last) {
    if (bound.contains(cell))
      continue;
    lifetimes.scratch.push_back(cell);
    if (!outputs.contains(cell))
      lifetimes.lastUse.emplace(instruction, cell);
  }
  return lifetimes;
}
