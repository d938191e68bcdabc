//===- MoveOps.cpp - Moves, packing, address spaces ----------------------------------------===//

#include "tests/fake_gpu/Decoder.h"
#include "tests/fake_gpu/Warp.h"

namespace tpc::fake_gpu {
namespace {

struct Same {
  template <class T> T operator()(T a) const { return a; }
};

Op::Run copyOf(unsigned bytes) {
  switch (bytes) {
  case 1:
    return unaryOp<Same, uint8_t, uint8_t>;
  case 2:
    return unaryOp<Same, uint16_t, uint16_t>;
  case 4:
    return unaryOp<Same, uint32_t, uint32_t>;
  default:
    return unaryOp<Same, uint64_t, uint64_t>;
  }
}

/// d = all parts, the first in the lowest bits.
template <class Whole, class Part> void packOp(Warp &warp, const Op &op) {
  forLanes<Whole>(warp, op.d, [&](unsigned l) {
    Whole result = 0;
    for (unsigned i = 0; i < sizeof(Whole) / sizeof(Part); ++i)
      result |= static_cast<Whole>(warp.at<Part>(op.vector[i])[l]) << (8 * sizeof(Part) * i);
    return result;
  });
}

/// A part may be the register that is taken apart: that is read first.
template <class Whole, class Part> void unpackOp(Warp &warp, const Op &op) {
  std::array<Whole, warpSize> whole;
  std::memcpy(whole.data(), warp.at<Whole>(op.a), sizeof(whole));
  for (unsigned i = 0; i < sizeof(Whole) / sizeof(Part); ++i)
    forLanes<Part>(warp, op.vector[i], [&](unsigned l) {
      return static_cast<Part>(whole[l] >> (8 * sizeof(Part) * i));
    });
}

Op::Run repack(bool pack, unsigned whole, size_t parts) {
  if (whole == 4 && parts == 2)
    return pack ? packOp<uint32_t, uint16_t> : unpackOp<uint32_t, uint16_t>;
  if (whole == 8 && parts == 2)
    return pack ? packOp<uint64_t, uint32_t> : unpackOp<uint64_t, uint32_t>;
  if (whole == 8 && parts == 4)
    return pack ? packOp<uint64_t, uint16_t> : unpackOp<uint64_t, uint16_t>;
  if (whole == 4 && parts == 4)
    return pack ? packOp<uint32_t, uint8_t> : unpackOp<uint32_t, uint8_t>;
  if (whole == 2 && parts == 2)
    return pack ? packOp<uint16_t, uint8_t> : unpackOp<uint16_t, uint8_t>;
  return nullptr;
}

void decodeRepack(Decoder &decoder, unsigned bytes, bool pack) {
  const Operand &parts = decoder.operand(pack ? 1 : 0);
  Op::Run run = repack(pack, bytes, parts.parts.size());
  if (!run)
    return decoder.fail("this packing is not known here");
  unsigned partBytes = bytes / static_cast<unsigned>(parts.parts.size());
  std::array<uint32_t, 8> places{};
  for (size_t i = 0; i < parts.parts.size(); ++i)
    places[i] = pack ? decoder.source(parts.parts[i], partBytes)
                     : decoder.destination(parts.parts[i], partBytes);
  uint32_t whole = pack ? decoder.destination(0, bytes) : decoder.source(1, bytes);
  Op &op = decoder.emit(run);
  op.vector = places;
  (pack ? op.d : op.a) = whole;
}

void decodeMov(Decoder &decoder) {
  Type type = decoder.modifiers.takeType();
  if (type == Type::Pred) {
    uint32_t a = decoder.predicate(decoder.operand(1)), d = decoder.predicate(decoder.operand(0));
    Op &op = decoder.emit(copyOf(1));
    op.d = d;
    op.a = a;
    return;
  }
  unsigned bytes = byteSize(type);
  bool pack = decoder.operand(1).kind == Operand::Kind::Vector;
  if (pack || decoder.operand(0).kind == Operand::Kind::Vector)
    return decodeRepack(decoder, bytes, pack);
  if (decoder.operand(1).kind == Operand::Kind::Symbol &&
      decoder.findParameter(decoder.operand(1).name))
    return decoder.fail("the address of a parameter is not known here");
  uint32_t a = decoder.source(1, bytes), d = decoder.destination(0, bytes, isSigned(type));
  Op &op = decoder.emit(copyOf(bytes));
  op.d = d;
  op.a = a;
}

/// Between an address of a space and a generic one: d = a + immediate.
template <class T> void offsetOp(Warp &warp, const Op &op) {
  const T *a = warp.at<T>(op.a);
  T offset = static_cast<T>(op.immediate);
  forLanes<T>(warp, op.d, [=](unsigned l) { return static_cast<T>(a[l] + offset); });
}

void decodeCvta(Decoder &decoder) {
  bool toSpace = decoder.modifiers.take("to");
  uint64_t window = decoder.modifiers.take("shared")  ? sharedWindow
                    : decoder.modifiers.take("local") ? localWindow
                                                      : 0;
  if (!window && !decoder.modifiers.take("global") && !decoder.modifiers.take("const"))
    return decoder.fail("this address space is not known here");
  decoder.modifiers.dropPrefixed("::");
  if (byteSize(decoder.modifiers.takeType()) != 8)
    return decoder.fail("generic addresses have 64 bits");
  uint32_t a = decoder.source(1, 8), d = decoder.destination(0, 8);
  Op &op = decoder.emit(offsetOp<uint64_t>);
  op.d = d;
  op.a = a;
  op.immediate = toSpace ? 0 - window : window;
}

void isSpaceOp(Warp &warp, const Op &op) {
  const uint64_t *a = warp.at<uint64_t>(op.a);
  uint64_t window = op.immediate;
  forLanes<uint8_t>(warp, op.d, [=](unsigned l) {
    uint64_t top = a[l] & windowMask;
    bool is = window ? top == window : top != sharedWindow && top != localWindow;
    return static_cast<uint8_t>(is ? 0xff : 0);
  });
}

void decodeIsSpace(Decoder &decoder) {
  uint64_t window = decoder.modifiers.take("shared")  ? sharedWindow
                    : decoder.modifiers.take("local") ? localWindow
                                                      : 0;
  if (!window && !decoder.modifiers.take("global"))
    return decoder.fail("this address space is not known here");
  uint32_t a = decoder.source(1, 8), d = decoder.predicate(decoder.operand(0));
  Op &op = decoder.emit(isSpaceOp);
  op.d = d;
  op.a = a;
  op.immediate = window;
}

} // namespace

bool decodeMove(Decoder &decoder) {
  if (decoder.name() == "mov")
    decodeMov(decoder);
  else if (decoder.name() == "cvta")
    decodeCvta(decoder);
  else if (decoder.name() == "isspacep")
    decodeIsSpace(decoder);
  else
    return false;
  return true;
}

} // namespace tpc::fake_gpu
