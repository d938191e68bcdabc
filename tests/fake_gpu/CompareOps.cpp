//===- CompareOps.cpp - Comparisons, and choices by them -----------------------------------===//

#include "tests/fake_gpu/Decoder.h"
#include "tests/fake_gpu/Half.h"
#include "tests/fake_gpu/Integers.h"
#include "tests/fake_gpu/Warp.h"

namespace tpc::fake_gpu {
namespace {

// Of numbers. `Unordered` says what a comparison with a NaN is.
template <bool Unordered> struct Equal {
  template <class T> uint8_t operator()(T a, T b) const {
    return (a == b || (Unordered && (a != a || b != b))) ? 0xff : 0;
  }
};
template <bool Unordered> struct NotEqual {
  template <class T> uint8_t operator()(T a, T b) const {
    return (a < b || a > b || (Unordered && (a != a || b != b))) ? 0xff : 0;
  }
};
template <bool Unordered> struct Less {
  template <class T> uint8_t operator()(T a, T b) const {
    return (Unordered ? !(a >= b) : a < b) ? 0xff : 0;
  }
};
template <bool Unordered> struct LessEqual {
  template <class T> uint8_t operator()(T a, T b) const {
    return (Unordered ? !(a > b) : a <= b) ? 0xff : 0;
  }
};
template <bool Unordered> struct Greater {
  template <class T> uint8_t operator()(T a, T b) const {
    return (Unordered ? !(a <= b) : a > b) ? 0xff : 0;
  }
};
template <bool Unordered> struct GreaterEqual {
  template <class T> uint8_t operator()(T a, T b) const {
    return (Unordered ? !(a < b) : a >= b) ? 0xff : 0;
  }
};
template <bool IsNan> struct Nan {
  template <class T> uint8_t operator()(T a, T b) const {
    return ((a != a || b != b) == IsNan) ? 0xff : 0;
  }
};

/// A comparison of 16-bit floats by that of their values.
template <class F, class Format> struct Widened {
  uint8_t operator()(uint16_t a, uint16_t b) const {
    return F()(Format::widen(a), Format::widen(b));
  }
};

template <class F> Op::Run compare(Type type) {
  switch (type) {
  case Type::B16:
  case Type::U16:
    return binaryOp<F, uint8_t, uint16_t>;
  case Type::S16:
    return binaryOp<F, uint8_t, int16_t>;
  case Type::B32:
  case Type::U32:
    return binaryOp<F, uint8_t, uint32_t>;
  case Type::S32:
    return binaryOp<F, uint8_t, int32_t>;
  case Type::B64:
  case Type::U64:
    return binaryOp<F, uint8_t, uint64_t>;
  case Type::S64:
    return binaryOp<F, uint8_t, int64_t>;
  case Type::F32:
    return binaryOp<F, uint8_t, float>;
  case Type::F64:
    return binaryOp<F, uint8_t, double>;
  case Type::F16:
    return binaryOp<Widened<F, Half>, uint8_t, uint16_t>;
  case Type::BF16:
    return binaryOp<Widened<F, BrainHalf>, uint8_t, uint16_t>;
  default:
    return nullptr;
  }
}

Op::Run comparison(const std::string &name, Type type) {
  if (name == "eq")
    return compare<Equal<false>>(type);
  if (name == "ne")
    return compare<NotEqual<false>>(type);
  if (name == "lt" || name == "lo")
    return compare<Less<false>>(type);
  if (name == "le" || name == "ls")
    return compare<LessEqual<false>>(type);
  if (name == "gt" || name == "hi")
    return compare<Greater<false>>(type);
  if (name == "ge" || name == "hs")
    return compare<GreaterEqual<false>>(type);
  if (!isFloat(type))
    return nullptr;
  if (name == "equ")
    return compare<Equal<true>>(type);
  if (name == "neu")
    return compare<NotEqual<true>>(type);
  if (name == "ltu")
    return compare<Less<true>>(type);
  if (name == "leu")
    return compare<LessEqual<true>>(type);
  if (name == "gtu")
    return compare<Greater<true>>(type);
  if (name == "geu")
    return compare<GreaterEqual<true>>(type);
  if (name == "num")
    return compare<Nan<false>>(type);
  return name == "nan" ? compare<Nan<true>>(type) : nullptr;
}

/// p = c, q = !c, with what a boolean operator and a third predicate make of both. All sources are
/// read before anything is written, since a result may be a source, too.
template <class F> void combineOp(Warp &warp, const Op &op) {
  std::array<uint8_t, warpSize> compared, third;
  std::memcpy(compared.data(), warp.at<uint8_t>(op.a), warpSize);
  std::memcpy(third.data(), warp.at<uint8_t>(op.b), warpSize);
  forLanes<uint8_t>(warp, op.d, [&](unsigned l) { return F()(compared[l], third[l]); });
  if (op.c != nowhere)
    forLanes<uint8_t>(
        warp, op.c, [&](unsigned l) { return F()(static_cast<uint8_t>(~compared[l]), third[l]); });
}

void decodeSetp(Decoder &decoder, const std::string &comparisonName) {
  Modifiers &left = decoder.modifiers;
  Op::Run combine = left.take("and")   ? combineOp<And>
                    : left.take("or")  ? combineOp<Or>
                    : left.take("xor") ? combineOp<Xor>
                                       : nullptr;
  Type type = left.takeType();
  left.take(comparisonName);
  if (left.take("ftz"))
    return decoder.fail("'.ftz' is not known here");
  Op::Run run = comparison(comparisonName, type);
  if (!run)
    return decoder.fail("this comparison is not known here");
  uint32_t a = decoder.source(1, byteSize(type)), b = decoder.source(2, byteSize(type));
  const Operand &result = decoder.operand(0);
  bool simple = !combine && result.second < 0;
  uint32_t third = combine ? decoder.predicate(decoder.operand(3)) : decoder.constant(0, 1);
  uint32_t to = simple ? decoder.predicate(result) : decoder.temporary(1);
  Op &compared = decoder.emit(run);
  compared.d = to;
  compared.a = a;
  compared.b = b;
  if (simple)
    return;
  Operand other = result;
  other.kind = result.second >= 0 ? Operand::Kind::Register : Operand::Kind::Sink;
  other.reg = result.second;
  uint32_t p = decoder.predicate(result), q = decoder.predicate(other);
  Op &op = decoder.emit(combine ? combine : combineOp<Or>);
  op.d = p;
  op.c = q;
  op.a = to;
  op.b = third;
}

/// set: all ones or 1.0 where the comparison holds, else 0.
template <bool Float> void setOp(Warp &warp, const Op &op) {
  const uint8_t *a = warp.at<uint8_t>(op.a);
  forLanes<uint32_t>(warp, op.d,
                     [=](unsigned l) { return a[l] ? (Float ? 0x3f800000u : ~0u) : 0u; });
}

void decodeSet(Decoder &decoder, const std::string &comparisonName) {
  Modifiers &left = decoder.modifiers;
  left.take(comparisonName);
  Type to = left.takeType(), type = left.takeType();
  Op::Run run = comparison(comparisonName, type);
  if (!run || byteSize(to) != 4)
    return decoder.fail("this comparison is not known here");
  uint32_t a = decoder.source(1, byteSize(type)), b = decoder.source(2, byteSize(type));
  uint32_t predicate = decoder.temporary(1), d = decoder.destination(0, 4);
  Op &compared = decoder.emit(run);
  compared.d = predicate;
  compared.a = a;
  compared.b = b;
  Op &op = decoder.emit(to == Type::F32 ? setOp<true> : setOp<false>);
  op.d = d;
  op.a = predicate;
}

template <class T> void selectOp(Warp &warp, const Op &op) {
  const T *a = warp.at<T>(op.a), *b = warp.at<T>(op.b);
  const uint8_t *p = warp.at<uint8_t>(op.c);
  forLanes<T>(warp, op.d, [=](unsigned l) {
    T x = a[l], y = b[l];
    return p[l] ? x : y;
  });
}

void decodeSelect(Decoder &decoder) {
  unsigned bytes = byteSize(decoder.modifiers.takeType());
  uint32_t a = decoder.source(1, bytes), b = decoder.source(2, bytes);
  uint32_t p = decoder.predicate(decoder.operand(3));
  uint32_t d = decoder.destination(0, bytes);
  Op &op = decoder.emit(bytes == 2   ? selectOp<uint16_t>
                        : bytes == 4 ? selectOp<uint32_t>
                                     : selectOp<uint64_t>);
  op.d = d;
  op.a = a;
  op.b = b;
  op.c = p;
}

/// slct d, a, b, c: a where c >= 0 (a NaN is not).
void decodeSelectBySign(Decoder &decoder) {
  unsigned bytes = byteSize(decoder.modifiers.takeType());
  Type by = decoder.modifiers.takeType();
  uint32_t a = decoder.source(1, bytes), b = decoder.source(2, bytes), c = decoder.source(3, 4);
  uint32_t zero = decoder.constant(0, 4), predicate = decoder.temporary(1);
  Op &compared = decoder.emit(comparison("ge", by));
  compared.d = predicate;
  compared.a = c;
  compared.b = zero;
  uint32_t d = decoder.destination(0, bytes);
  Op &op = decoder.emit(bytes == 2   ? selectOp<uint16_t>
                        : bytes == 4 ? selectOp<uint32_t>
                                     : selectOp<uint64_t>);
  op.d = d;
  op.a = a;
  op.b = b;
  op.c = predicate;
}

} // namespace

bool decodeCompare(Decoder &decoder) {
  const std::string &name = decoder.name();
  if ((name == "setp" || name == "set") && decoder.instruction().opcode.size() > 2) {
    const std::string &comparisonName = decoder.instruction().opcode[1];
    name == "setp" ? decodeSetp(decoder, comparisonName) : decodeSet(decoder, comparisonName);
    return true;
  }
  if (name == "selp") {
    decodeSelect(decoder);
    return true;
  }
  if (name == "slct" && (decoder.instruction().opcode.back() == "s32" ||
                         decoder.instruction().opcode.back() == "f32")) {
    decodeSelectBySign(decoder);
    return true;
  }
  return false;
}

} // namespace tpc::fake_gpu
