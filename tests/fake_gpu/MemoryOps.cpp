//===- MemoryOps.cpp - ld, st, cp.async ----------------------------------------------------===//

#include "tests/fake_gpu/MemoryAccess.h"

#include <algorithm>
#include <atomic>

namespace tpc::fake_gpu {
namespace {

// Blocks run on several host threads, and a GPU lets a read race that nobody uses
// (LaunchOptions::globalRaces): words are read and written whole, in no order.
template <class T> T loadFrom(uint64_t address) {
  return std::atomic_ref<T>(*reinterpret_cast<T *>(address)).load(std::memory_order_relaxed);
}

template <class T> void storeTo(uint64_t address, T value) {
  std::atomic_ref<T>(*reinterpret_cast<T *>(address)).store(value, std::memory_order_relaxed);
}

template <class T> void loadOp(Warp &warp, const Op &op) {
  Addresses addresses;
  computeAddresses(warp, op, addresses);
  unsigned bytes = op.count * sizeof(T);
  if (!resolve(warp, op, op.space, warp.mask, addresses, bytes, false))
    return;
  for (unsigned i = 0; i < op.count; ++i) {
    T *out = warp.at<T>(op.vector[i]);
    uint64_t offset = i * sizeof(T);
    if (warp.full)
      for (unsigned l = 0; l < warpSize; ++l)
        out[l] = loadFrom<T>(addresses[l] + offset);
    else
      forEachLane(warp.mask, [&](unsigned l) { out[l] = loadFrom<T>(addresses[l] + offset); });
  }
}

template <class T> void storeOp(Warp &warp, const Op &op) {
  Addresses addresses;
  computeAddresses(warp, op, addresses);
  unsigned bytes = op.count * sizeof(T);
  if (!resolve(warp, op, op.space, warp.mask, addresses, bytes, true))
    return;
  for (unsigned i = 0; i < op.count; ++i) {
    const T *in = warp.at<T>(op.vector[i]);
    uint64_t offset = i * sizeof(T);
    if (warp.full)
      for (unsigned l = 0; l < warpSize; ++l)
        storeTo<T>(addresses[l] + offset, in[l]);
    else
      forEachLane(warp.mask, [&](unsigned l) { storeTo<T>(addresses[l] + offset, in[l]); });
  }
}

template <class T> void loadParameterOp(Warp &warp, const Op &op) {
  for (unsigned i = 0; i < op.count; ++i) {
    T value;
    std::memcpy(&value, warp.block->launch->parameters + op.immediate + i * sizeof(T),
                sizeof value);
    forLanes<T>(warp, op.vector[i], [=](unsigned) { return value; });
  }
}

Op::Run pick(bool isLoad, bool isParameter, unsigned bytes) {
  auto of = [&](auto zero) -> Op::Run {
    using T = decltype(zero);
    return isParameter ? loadParameterOp<T> : isLoad ? loadOp<T> : storeOp<T>;
  };
  switch (bytes) {
  case 1:
    return of(uint8_t{});
  case 2:
    return of(uint16_t{});
  case 4:
    return of(uint32_t{});
  default:
    return of(uint64_t{});
  }
}

/// Modifiers of caches and of the memory model: all accesses here are coherent at once.
void dropHints(Modifiers &modifiers) {
  for (const char *hint :
       {"volatile", "weak", "relaxed", "acquire", "release", "cta", "gpu", "sys", "ca", "cg", "cs",
        "lu", "cv", "wb", "wt", "L2::64B", "L2::128B", "L2::256B"})
    modifiers.take(hint);
  modifiers.dropPrefixed("L1::");
}

void decodeParameterLoad(Decoder &decoder, const Operand &address, Op op) {
  const Variable *parameter = decoder.findParameter(address.name);
  if (!parameter || op.isStore)
    return decoder.fail("unknown parameter '" + address.name + "'");
  if (address.offset < 0 ||
      static_cast<uint64_t>(address.offset) + op.count * op.bytes > parameter->size)
    return decoder.fail("this lies outside of parameter '" + address.name + "'");
  Op &emitted = decoder.emit(pick(true, true, op.bytes));
  emitted.vector = op.vector;
  emitted.count = op.count;
  emitted.immediate = parameter->offset + static_cast<uint64_t>(address.offset);
}

void decodeAccess(Decoder &decoder, bool isLoad) {
  Modifiers &left = decoder.modifiers;
  Op op;
  op.isLoad = isLoad;
  op.isStore = !isLoad;
  op.isNonCoherent = left.take("nc");
  op.space = left.take("global")                               ? Space::Global
             : left.take("shared") || left.take("shared::cta") ? Space::Shared
             : left.take("local")                              ? Space::Local
             : left.take("const")                              ? Space::Const
             : left.take("param") || left.take("param::entry") ? Space::Param
                                                               : Space::Generic;
  dropHints(left);
  op.count = left.take("v2") ? 2 : left.take("v4") ? 4 : left.take("v8") ? 8 : 1;
  Type type = left.takeType();
  op.bytes = static_cast<uint8_t>(byteSize(type));
  unsigned bytes = op.count * op.bytes;
  if (bytes > 32 || (bytes > 16 && op.space != Space::Global))
    return decoder.fail("an access of " + std::to_string(bytes) + " bytes");
  const Operand &value = decoder.operand(isLoad ? 0 : 1),
                &address = decoder.operand(isLoad ? 1 : 0);
  std::vector<Operand> parts =
      value.kind == Operand::Kind::Vector ? value.parts : std::vector<Operand>{value};
  if (parts.size() != op.count)
    return decoder.fail("the vector has another number of elements");
  for (unsigned i = 0; i < op.count; ++i)
    op.vector[i] = isLoad ? decoder.destination(parts[i], op.bytes, isSigned(type))
                          : decoder.source(parts[i], op.bytes);
  if (op.space == Space::Param)
    return decodeParameterLoad(decoder, address, op);
  Decoder::Address where = decoder.address(address);
  decoder.access(op.space, bytes);
  Op &emitted = decoder.emit(pick(isLoad, false, op.bytes), Op::Kind::Checked);
  emitted.isLoad = op.isLoad;
  emitted.isStore = op.isStore;
  emitted.isNonCoherent = op.isNonCoherent;
  emitted.space = op.space;
  emitted.count = op.count;
  emitted.bytes = op.bytes;
  emitted.vector = op.vector;
  emitted.a = where.base;
  emitted.c = where.wide;
  emitted.immediate = static_cast<uint64_t>(where.offset);
}

/// Begins a copy of op.bytes, of which the first op.vector[0] come from memory and the rest are
/// zeros. Until it is waited for, the destination holds NaNs, so that a missing wait shows.
void asyncCopyOp(Warp &warp, const Op &op) {
  AsyncCopy copy{warp.mask, warp.openGroup, op.bytes, {}, {}, {}};
  std::memcpy(copy.sourceBytes.data(), warp.at<uint32_t>(op.vector[0]), sizeof copy.sourceBytes);
  computeAddresses(warp, op, copy.destination);
  const uint64_t *source = warp.at<uint64_t>(op.b);
  std::copy(source, source + warpSize, copy.source.begin());
  for (uint64_t &address : copy.source)
    address += static_cast<uint64_t>(int64_t{static_cast<int32_t>(op.target)});
  Addresses destination = copy.destination;
  if (!resolve(warp, op, Space::Shared, warp.mask, destination, op.bytes, true))
    return;
  for (uint32_t left = warp.mask; left;) {
    uint32_t bytes = copy.sourceBytes[static_cast<unsigned>(std::countr_zero(left))], same = 0;
    forEachLane(left, [&](unsigned l) { same |= uint32_t{copy.sourceBytes[l] == bytes} << l; });
    if (bytes > op.bytes)
      return warp.fail(op, "reads more bytes than it copies");
    if (bytes && !resolve(warp, op, Space::Global, same, copy.source, bytes, false))
      return;
    left &= ~same;
  }
  forEachLane(warp.mask, [&](unsigned l) {
    std::memset(reinterpret_cast<void *>(destination[l]), 0xff, op.bytes);
  });
  warp.copies.push_back(copy);
}

void commitOp(Warp &warp, const Op &) { ++warp.openGroup; }

/// Completes all groups but the latest op.immediate.
void waitOp(Warp &warp, const Op &op) {
  size_t kept = 0;
  for (AsyncCopy &copy : warp.copies) {
    if (op.immediate && copy.group + op.immediate >= warp.openGroup) {
      warp.copies[kept++] = copy;
      continue;
    }
    if (!resolve(warp, op, Space::Shared, copy.mask, copy.destination, copy.bytes, true))
      return;
    forEachLane(copy.mask, [&](unsigned l) {
      auto *destination = reinterpret_cast<uint8_t *>(copy.destination[l]);
      uint32_t bytes = copy.sourceBytes[l];
      if (bytes)
        std::memcpy(destination, reinterpret_cast<const void *>(copy.source[l]), bytes);
      std::memset(destination + bytes, 0, copy.bytes - bytes);
    });
  }
  warp.copies.resize(kept);
}

void decodeAsyncCopy(Decoder &decoder) {
  Modifiers &left = decoder.modifiers;
  left.take("async");
  if (left.take("commit_group")) {
    decoder.emit(commitOp);
    return;
  }
  if (left.take("wait_group") || left.take("wait_all")) {
    uint64_t pending = decoder.operandCount() ? decoder.operand(0).bits : 0;
    decoder.emit(waitOp, Op::Kind::Checked).immediate = pending;
    return;
  }
  if (!(left.take("ca") || left.take("cg")) || !(left.take("shared") || left.take("shared::cta")) ||
      !left.take("global"))
    return decoder.fail("this copy is not known here");
  left.dropPrefixed("L2::");
  Decoder::Address to = decoder.address(decoder.operand(0)),
                   from = decoder.address(decoder.operand(1));
  uint64_t bytes = decoder.operand(2).bits;
  uint32_t sourceBytes =
      decoder.operandCount() > 3 ? decoder.source(3, 4) : decoder.constant(bytes, 4);
  if ((bytes != 4 && bytes != 8 && bytes != 16) || !from.wide)
    return decoder.fail("4, 8 or 16 bytes are copied");
  decoder.access(Space::Shared, static_cast<unsigned>(bytes));
  if (sourceBytes)
    decoder.access(Space::Global, std::bit_floor(static_cast<unsigned>(sourceBytes)));
  Op &op = decoder.emit(asyncCopyOp, Op::Kind::Checked);
  op.bytes = static_cast<uint8_t>(bytes);
  op.vector[0] = sourceBytes;
  op.space = Space::Shared;
  op.a = to.base;
  op.c = to.wide;
  op.immediate = static_cast<uint64_t>(to.offset);
  op.b = from.base;
  op.target = static_cast<uint32_t>(from.offset); // a copy is no branch
}

} // namespace

bool decodeMemory(Decoder &decoder) {
  const std::string &name = decoder.name();
  if (name == "ld" || name == "st" || name == "ldu") {
    decodeAccess(decoder, name != "st");
    return true;
  }
  if (name == "cp" && decoder.instruction().opcode.size() > 1 &&
      decoder.instruction().opcode[1] == "async") {
    decodeAsyncCopy(decoder);
    return true;
  }
  // Orders and hints: every access is performed at once, in program order.
  if (name == "fence" || name == "membar" || name == "prefetch" || name == "prefetchu") {
    decoder.modifiers = Modifiers({name});
    return true;
  }
  return false;
}

} // namespace tpc::fake_gpu
