//===- GuardedPages.cpp - Guarded memory of the host -----------------------------------------===//
#include "runtime/exec/GuardedPages.h"

#include "runtime/plan/PlanCheck.h"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

using namespace tpc;

namespace {

constexpr std::byte kCanary{0xC5};

size_t pageBytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

} // namespace

GuardedPages::~GuardedPages() {
  for (const Mapping &mapping : mappings_)
    munmap(mapping.begin, mapping.bytes);
}

Status GuardedPages::allocate() {
  const size_t page = pageBytes();
  for (const BufferCell &cell : cells_.cells()) {
    // The end lies as close to the guard behind it as the alignment of buffers allows.
    size_t room = (cell.bytes() + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
    size_t pages = std::max<size_t>(1, (room + page - 1) / page);
    size_t bytes = (pages + 2) * page;
    void *memory = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      return Status(Code::Unavailable, "--check-memory cannot map memory for every buffer",
                    "raise vm.max_map_count, or check a smaller model");
    auto *begin = static_cast<std::byte *>(memory);
    mappings_.push_back({begin, bytes, begin + (pages + 1) * page - room});
    if (mprotect(begin + page, pages * page, PROT_READ | PROT_WRITE) != 0)
      return Status(Code::Unavailable, "--check-memory cannot protect the pages of every buffer",
                    "raise vm.max_map_count, or check a smaller model");
    std::memset(begin + page, static_cast<int>(kCanary), pages * page);
    std::memset(mappings_.back().data, 0, cell.bytes());
  }
  return Status();
}

Status GuardedPages::poison(uint32_t cell) {
  std::byte *data = mappings_[cell].data;
  for (size_t i = 0; i + 1 < cells_.cells()[cell].bytes(); i += sizeof(kPoison))
    std::memcpy(data + i, &kPoison, sizeof(kPoison));
  return Status();
}

Result<bool> GuardedPages::isIntact(uint32_t cell) const {
  const Mapping &mapping = mappings_[cell];
  const size_t page = pageBytes();
  auto isCanary = [](std::byte b) { return b == kCanary; };
  return std::all_of(mapping.begin + page, mapping.data, isCanary) &&
         std::all_of(mapping.data + cells_.cells()[cell].bytes(),
                     mapping.begin + mapping.bytes - page, isCanary);
}

Status GuardedPages::before(const InstructionEvent &event) {
  rank_.store(event.rank);
  runningIndex_.store(event.index);
  running_.store(&event.instruction);
  return Status();
}

bool GuardedPages::explain(const void *address, char *message, size_t size) const {
  const std::byte *byte = static_cast<const std::byte *>(address);
  for (uint32_t b = 0; b < buffers_.size(); ++b) {
    const Mapping &mapping = mappings_[cells_.cellOf(b)];
    if (byte < mapping.begin || byte >= mapping.begin + mapping.bytes)
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
