//===- MatrixOps.cpp - mma.sync and ldmatrix -----------------------------------------------===//
//
// Fragment layouts are those of the PTX ISA, "Matrix Fragments for mma.m16n8k16" and "ldmatrix".
// The order in which the hardware adds is not specified: here the sum of a row with a column and
// the accumulator is made in float64 and rounded once.
//
//===---------------------------------------------------------------------------------------===//

#include "tests/fake_gpu/Half.h"
#include "tests/fake_gpu/MemoryAccess.h"

namespace tpc::fake_gpu {
namespace {

/// D[16, 8] = A[16, 16] B[16, 8] + C. vector: the places of A's 4 registers and B's 2. C lies in
/// four temporaries from op.c on, D goes to four from op.d on.
template <class Format> void mmaOp(Warp &warp, const Op &op) {
  double a[16][16], b[16][8], sums[16][8];
  auto word = [&](unsigned i, unsigned lane, unsigned half) {
    return double{
        Format::widen(static_cast<uint16_t>(warp.at<uint32_t>(op.vector[i])[lane] >> (16 * half)))};
  };
  for (unsigned lane = 0; lane < warpSize; ++lane) {
    unsigned group = lane / 4, pair = lane % 4 * 2;
    for (unsigned half = 0; half < 2; ++half) {
      for (unsigned i = 0; i < 4; ++i)
        a[group + (i & 1) * 8][pair + (i & 2) * 4 + half] = word(i, lane, half);
      for (unsigned i = 0; i < 2; ++i)
        b[pair + i * 8 + half][group] = word(4 + i, lane, half);
    }
    for (unsigned i = 0; i < 4; ++i)
      sums[group + (i & 2) * 4][pair + (i & 1)] = warp.at<float>(op.c)[i * warpSize + lane];
  }
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned k = 0; k < 16; ++k)
      for (unsigned column = 0; column < 8; ++column)
        sums[row][column] += a[row][k] * b[k][column];
  for (unsigned lane = 0; lane < warpSize; ++lane)
    for (unsigned i = 0; i < 4; ++i) {
      double sum = sums[lane / 4 + (i & 2) * 4][lane % 4 * 2 + (i & 1)];
      warp.at<float>(op.d)[i * warpSize + lane] =
          sum != sum ? std::bit_cast<float>(0x7fffffffu) : static_cast<float>(sum);
    }
}

void copyWord(Warp &warp, const Op &op) {
  const uint32_t *a = warp.at<uint32_t>(op.a);
  forLanes<uint32_t>(warp, op.d, [=](unsigned l) { return a[l]; });
}

void decodeMma(Decoder &decoder) {
  Modifiers &left = decoder.modifiers;
  bool shape = left.take("sync") && left.take("aligned") && left.take("m16n8k16") &&
               left.take("row") && left.take("col");
  std::array<Type, 4> types;
  for (Type &type : types)
    type = left.takeType();
  bool isBrain = types[1] == Type::BF16;
  if (!shape || types[0] != Type::F32 || types[3] != Type::F32 || types[1] != types[2] ||
      (!isBrain && types[1] != Type::F16))
    return decoder.fail("only m16n8k16 of bf16 or f16 with f32 accumulators is known here");
  constexpr size_t parts[] = {4, 4, 2, 4};
  for (size_t i = 0; i < 4; ++i)
    if (decoder.operand(i).parts.size() != parts[i])
      return decoder.fail("a fragment has another number of registers");
  std::array<uint32_t, 8> fragments{};
  for (unsigned i = 0; i < 6; ++i)
    fragments[i] = i < 4 ? decoder.source(decoder.operand(1).parts[i], 4)
                         : decoder.source(decoder.operand(2).parts[i - 4], 4);
  uint32_t c = decoder.temporary(16), d = decoder.temporary(16);
  auto move = [&](uint32_t from, uint32_t to) {
    Op &op = decoder.emit(copyWord);
    op.a = from;
    op.d = to;
  };
  for (unsigned i = 0; i < 4; ++i)
    move(decoder.source(decoder.operand(3).parts[i], 4), c + i * 4 * warpSize);
  Op &op = decoder.emit(isBrain ? mmaOp<BrainHalf> : mmaOp<Half>, Op::Kind::WarpSync);
  op.vector = fragments;
  op.c = c;
  op.d = d;
  uint32_t all = decoder.constant(~0u, 4);
  op.sync = all;
  for (unsigned i = 0; i < 4; ++i)
    move(d + i * 4 * warpSize, decoder.destination(decoder.operand(0).parts[i], 4));
}

/// op.count matrices of 8 rows of 16 bytes; lane 8 m + r gives the address of row r of matrix m.
template <bool Transpose> void loadMatrixOp(Warp &warp, const Op &op) {
  Addresses addresses;
  computeAddresses(warp, op, addresses);
  uint32_t lanes = op.count == 4 ? ~0u : (1u << (8 * op.count)) - 1;
  if (!resolve(warp, op, Space::Shared, lanes, addresses, 16, false))
    return;
  for (unsigned m = 0; m < op.count; ++m) {
    uint32_t *out = warp.at<uint32_t>(op.vector[m]);
    auto element = [&](unsigned row, unsigned column) -> uint32_t {
      uint16_t value;
      std::memcpy(&value, reinterpret_cast<const uint16_t *>(addresses[8 * m + row]) + column, 2);
      return value;
    };
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      unsigned major = lane / 4, minor = lane % 4 * 2;
      uint32_t low = Transpose ? element(minor, major) : element(major, minor);
      uint32_t high = Transpose ? element(minor + 1, major) : element(major, minor + 1);
      out[lane] = low | high << 16;
    }
  }
}

void decodeLoadMatrix(Decoder &decoder) {
  Modifiers &left = decoder.modifiers;
  bool known = left.take("sync") && left.take("aligned") && left.take("m8n8") &&
               (left.take("shared") || left.take("shared::cta"));
  uint8_t count = left.take("x1") ? 1 : left.take("x2") ? 2 : left.take("x4") ? 4 : 0;
  bool transpose = left.take("trans");
  if (!known || !count || left.takeType() != Type::B16)
    return decoder.fail("only m8n8 of b16 from shared memory is known here");
  const Operand &result = decoder.operand(0);
  if (result.parts.size() != count)
    return decoder.fail("the vector has another number of registers");
  std::array<uint32_t, 8> places{};
  for (unsigned i = 0; i < count; ++i)
    places[i] = decoder.destination(result.parts[i], 4);
  Decoder::Address address = decoder.address(decoder.operand(1));
  uint32_t all = decoder.constant(~0u, 4);
  Op &op = decoder.emit(transpose ? loadMatrixOp<true> : loadMatrixOp<false>, Op::Kind::WarpSync);
  op.vector = places;
  op.count = count;
  op.bytes = 4;
  op.isLoad = true;
  op.space = Space::Shared;
  op.a = address.base;
  op.c = address.wide;
  op.immediate = static_cast<uint64_t>(address.offset);
  op.sync = all;
}

} // namespace

bool decodeMatrix(Decoder &decoder) {
  if (decoder.name() == "mma")
    decodeMma(decoder);
  else if (decoder.name() == "ldmatrix")
    decodeLoadMatrix(decoder);
  else
    return false;
  return true;
}

} // namespace tpc::fake_gpu
