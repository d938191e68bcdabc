#include "tests/fake_gpu/MemoryAccess.h"

#include <algorithm>
#include <cstdio>

namespace tpc::fake_gpu {
namespace {

std::string hex(uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

std::string access(Warp &warp, unsigned lane, unsigned bytes, bool isWrite, const char *space,
                   uint64_t address) {
  return "thread " + std::to_string(warp.firstThread + lane) + (isWrite ? " writes " : " reads ") +
         std::to_string(bytes) + " bytes of " + space + " memory at " + hex(address);
}

bool checkAlignment(Warp &warp, const Op &op, unsigned lane, unsigned bytes, bool isWrite,
                    const char *space, uint64_t address) {
  if (!(address & (bytes - 1)))
    return true;
  warp.fail(op, access(warp, lane, bytes, isWrite, space, address) + ", which is not aligned");
  return false;
}

/// Notes the access of one lane, and fails if it races with another thread's.
bool noteGlobal(Warp &warp, const Op &op, unsigned lane, uint64_t address, unsigned bytes,
                bool isWrite, const BlockState::LastRange &range) {
  const GlobalAccesses *accesses = warp.block->launch->accesses;
  if (!accesses || !range.cells || op.isAtomic) // atomics do not race with each other
    return true;
  if (!isWrite && !accesses->notesReads())
    return true;
  unsigned shift = accesses->granuleShift();
  AccessStamp me = GlobalAccesses::stamp(warp.block->linearIndex, warp.firstThread + lane,
                                         warp.block->shared.barriers(), warp.syncs);
  uint64_t first = (address >> shift) - (range.begin >> shift);
  uint64_t last = ((address + bytes - 1) >> shift) - (range.begin >> shift);
  for (uint64_t i = first; i <= last; ++i) {
    // A barrier does not help: the read may come from a cache that knows nothing of the write.
    if (op.isNonCoherent && GlobalAccesses::isWritten(range.cells[i])) {
      warp.fail(op, access(warp, lane, bytes, isWrite, "global", address) +
                        " by .nc, which the launch wrote");
      return false;
    }
    if (auto other = isWrite ? GlobalAccesses::write(range.cells[i], me)
                             : GlobalAccesses::read(range.cells[i], me)) {
      warp.fail(op, "race: " + access(warp, lane, bytes, isWrite, "global", address) + ", which " +
                        GlobalAccesses::describe(*other) + (isWrite ? " touched" : " wrote") +
                        " in no order with it");
      return false;
    }
  }
  return true;
}

bool resolveGlobal(Warp &warp, const Op &op, unsigned lane, uint64_t &address, unsigned bytes,
                   bool isWrite) {
  BlockState::LastRange &last = warp.block->lastRange[op.index];
  if (address < last.begin || address + bytes > last.end || (isWrite && !last.writable)) {
    const MemoryMap &memory = *warp.block->launch->memory;
    const MemoryRange *range = memory.find(address);
    if (!range || address + bytes > range->end) {
      warp.fail(op, access(warp, lane, bytes, isWrite, "global", address) +
                        ", which is not allocated: " + memory.describe(address));
      return false;
    }
    if (isWrite && !range->writable) {
      warp.fail(op, access(warp, lane, bytes, isWrite, "global", address) +
                        ", which is constant: " + range->name);
      return false;
    }
    const GlobalAccesses *accesses = warp.block->launch->accesses;
    last = {range->begin, range->end, range->shift, range->writable,
            accesses ? accesses->cellsOf(*range) : nullptr};
  }
  if (!checkAlignment(warp, op, lane, bytes, isWrite, "global", address) ||
      !noteGlobal(warp, op, lane, address, bytes, isWrite, last))
    return false;
  address += last.shift;
  return true;
}

void failShared(Warp &warp, const Op &op, const std::string &what,
                SharedMemory::Conflict conflict) {
  using Fault = SharedMemory::Fault;
  if (conflict.fault == Fault::Uninitialised)
    return warp.fail(op, what + ", which nothing was written to");
  std::string other =
      conflict.several ? "other threads" : "thread " + std::to_string(conflict.other);
  warp.fail(op, "race: " + what + ", which " + other +
                    (conflict.fault == Fault::WriteAfterRead ? " read" : " wrote") +
                    " with no barrier in between");
}

bool resolveShared(Warp &warp, const Op &op, unsigned lane, uint64_t &address, unsigned bytes,
                   bool isWrite) {
  SharedMemory &shared = warp.block->shared;
  uint64_t offset = address - firstSharedAddress;
  if (address < firstSharedAddress || offset + bytes > shared.size()) {
    warp.fail(op, access(warp, lane, bytes, isWrite, "shared", address) +
                      ", of which the block has " + std::to_string(shared.size()) + " bytes from " +
                      std::to_string(firstSharedAddress));
    return false;
  }
  if (!checkAlignment(warp, op, lane, bytes, isWrite, "shared", address))
    return false;
  if (warp.block->launch->checkShared) {
    uint32_t thread = warp.firstThread + lane;
    SharedMemory::Conflict conflict = isWrite ? shared.write(offset, bytes, thread, warp.syncs)
                                              : shared.read(offset, bytes, thread, warp.syncs);
    if (conflict.fault != SharedMemory::Fault::None) {
      failShared(warp, op, access(warp, lane, bytes, isWrite, "shared", address), conflict);
      return false;
    }
  }
  address = reinterpret_cast<uint64_t>(shared.data() + offset);
  return true;
}

/// Many lanes often read one address: that two of them did is all that a third changes.
bool resolveSharedReads(Warp &warp, const Op &op, uint32_t mask, Addresses &addresses,
                        unsigned bytes) {
  uint64_t last = 0, lastResolved = 0;
  unsigned repeated = 0;
  bool good = true;
  forEachLane(mask, [&](unsigned lane) {
    uint64_t address = addresses[lane];
    repeated = address == last ? repeated + 1 : 0;
    last = address;
    if (repeated > 1) {
      addresses[lane] = lastResolved;
      return;
    }
    good = good && resolveShared(warp, op, lane, addresses[lane], bytes, false);
    lastResolved = addresses[lane];
  });
  return good;
}

bool resolveLocal(Warp &warp, const Op &op, unsigned lane, uint64_t &address, unsigned bytes,
                  bool isWrite) {
  uint64_t size = warp.block->launch->program->localBytes;
  if (address + bytes > size || address > size) {
    warp.fail(op, access(warp, lane, bytes, isWrite, "local", address) +
                      ", of which a thread has " + std::to_string(size));
    return false;
  }
  if (!checkAlignment(warp, op, lane, bytes, isWrite, "local", address))
    return false;
  address = reinterpret_cast<uint64_t>(warp.block->local.data() + (warp.firstThread + lane) * size +
                                       address);
  return true;
}

bool resolveLane(Warp &warp, const Op &op, Space space, unsigned lane, uint64_t &address,
                 unsigned bytes, bool isWrite) {
  if (space == Space::Generic) {
    uint64_t window = address & windowMask;
    space = window == sharedWindow  ? Space::Shared
            : window == localWindow ? Space::Local
                                    : Space::Global;
    if (space != Space::Global)
      address &= ~windowMask;
  }
  if (space == Space::Shared)
    return resolveShared(warp, op, lane, address, bytes, isWrite);
  if (space == Space::Local)
    return resolveLocal(warp, op, lane, address, bytes, isWrite);
  return resolveGlobal(warp, op, lane, address, bytes, isWrite);
}

/// Whether all lanes' accesses lie where this op's lay before, aligned.
bool allInLastRange(const BlockState::LastRange &last, const Addresses &addresses, unsigned bytes,
                    bool isWrite) {
  uint64_t lowest = ~uint64_t{0}, highest = 0, bits = 0;
  for (uint64_t address : addresses) {
    lowest = std::min(lowest, address);
    highest = std::max(highest, address);
    bits |= address;
  }
  return lowest >= last.begin && highest + bytes <= last.end && !(bits & (bytes - 1)) &&
         (!isWrite || last.writable);
}

} // namespace

void computeAddresses(Warp &warp, const Op &op, Addresses &addresses) {
  if (op.c) {
    const uint64_t *base = warp.at<uint64_t>(op.a);
    for (unsigned l = 0; l < warpSize; ++l)
      addresses[l] = base[l] + op.immediate;
  } else {
    const uint32_t *base = warp.at<uint32_t>(op.a);
    for (unsigned l = 0; l < warpSize; ++l)
      addresses[l] = static_cast<uint32_t>(base[l] + static_cast<uint32_t>(op.immediate));
  }
}

bool resolve(Warp &warp, const Op &op, Space space, uint32_t mask, Addresses &addresses,
             unsigned bytes, bool isWrite) {
  bool mayBeGlobal = space == Space::Global || space == Space::Const || space == Space::Generic;
  const BlockState::LastRange &last = warp.block->lastRange[op.index];
  if (mask == ~0u && mayBeGlobal && allInLastRange(last, addresses, bytes, isWrite)) {
    bool good = true;
    const GlobalAccesses *accesses = warp.block->launch->accesses;
    if (accesses && last.cells && (isWrite || accesses->notesReads()))
      for (unsigned lane = 0; lane < warpSize; ++lane)
        good = good && noteGlobal(warp, op, lane, addresses[lane], bytes, isWrite, last);
    for (uint64_t &address : addresses)
      address += last.shift;
    return good;
  }
  if (space == Space::Shared && !isWrite)
    return resolveSharedReads(warp, op, mask, addresses, bytes);
  bool good = true;
  forEachLane(mask, [&](unsigned lane) {
    good = good && resolveLane(warp, op, space, lane, addresses[lane], bytes, isWrite);
  });
  return good;
}

} // namespace tpc::fake_gpu
