//===- AtomicOps.cpp - Atomics whose result does not depend on the order -------------------===//
//
// Sums of floats do depend on it, and so do exchanges: kernels that repeat bit for bit have
// neither, and both are errors here. Integer reductions of global memory are performed.
//
//===---------------------------------------------------------------------------------------===//

#include "tests/fake_gpu/Integers.h"
#include "tests/fake_gpu/MemoryAccess.h"

#include <atomic>

namespace tpc::fake_gpu {
namespace {

template <class F, class T> void reduceOp(Warp &warp, const Op &op) {
  Addresses addresses;
  computeAddresses(warp, op, addresses);
  if (!resolve(warp, op, op.space, warp.mask, addresses, sizeof(T), true))
    return;
  const T *value = warp.at<T>(op.b);
  forEachLane(warp.mask, [&](unsigned l) {
    std::atomic_ref<T> target(*reinterpret_cast<T *>(addresses[l]));
    T old = target.load();
    while (!target.compare_exchange_weak(old, F()(old, value[l]))) {
    }
  });
}

template <class F> Op::Run of(Type type) {
  switch (type) {
  case Type::S32:
    return reduceOp<F, int32_t>;
  case Type::U32:
  case Type::B32:
    return reduceOp<F, uint32_t>;
  case Type::S64:
    return reduceOp<F, int64_t>;
  case Type::U64:
  case Type::B64:
    return reduceOp<F, uint64_t>;
  default:
    return nullptr;
  }
}

} // namespace

bool decodeAtomic(Decoder &decoder) {
  if (decoder.name() != "red" && decoder.name() != "atom")
    return false;
  Modifiers &left = decoder.modifiers;
  for (const char *hint : {"relaxed", "release", "acq_rel", "acquire", "cta", "gpu", "sys"})
    left.take(hint);
  Type type = left.takeType();
  if (isFloat(type)) {
    decoder.fail("the result of an atomic of floats depends on the order of the threads");
    return true;
  }
  bool discards = decoder.name() == "red" || decoder.operand(0).kind == Operand::Kind::Sink;
  bool isGlobal = left.take("global");
  Op::Run run = left.take("add")   ? of<Add>(type)
                : left.take("min") ? of<Min>(type)
                : left.take("max") ? of<Max>(type)
                : left.take("and") ? of<And>(type)
                : left.take("or")  ? of<Or>(type)
                : left.take("xor") ? of<Xor>(type)
                                   : nullptr;
  if (!discards || !isGlobal || !run) {
    decoder.fail("only reductions of integers in global memory, whose old value nobody sees, are "
                 "known here: others depend on the order of the threads");
    return true;
  }
  size_t first = decoder.name() == "red" ? 0 : 1;
  Decoder::Address address = decoder.address(decoder.operand(first));
  uint32_t b = decoder.source(first + 1, byteSize(type));
  Op &op = decoder.emit(run, Op::Kind::Checked);
  op.space = Space::Global;
  op.isAtomic = true;
  op.a = address.base;
  op.c = address.wide;
  op.immediate = static_cast<uint64_t>(address.offset);
  op.b = b;
  return true;
}

} // namespace tpc::fake_gpu
