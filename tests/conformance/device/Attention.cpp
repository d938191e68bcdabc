//===- Attention.cpp - Attention against a naive one in float64 ----------------------------===//
#include "tests/conformance/device/AttentionReference.h"

#include "runtime/device/cpu/AttentionKernels.h"

#include <cmath>

namespace tpc {
namespace {

/// Operands, and results of the device or of the reference.
struct Computation {
  AttentionShape shape;
  DType statsType;
  Tensor q, k, v, o, lse, dOut, dq, dk, dv;
  std::vector<uint8_t> workspace;

  explicit Computation(const AttentionShape &s)
      : shape(s), statsType(s.dtype == DType::F64 ? DType::F64 : DType::F32) {
    int64_t queries = s.batch * s.queryLength * s.heads * s.size;
    int64_t keys = s.batch * s.keyLength * s.kvHeads * s.size;
    q = Tensor::random(s.dtype, queries, 1);
    k = Tensor::random(s.dtype, keys, 2);
    v = Tensor::random(s.dtype, keys, 3);
    dOut = Tensor::random(s.dtype, queries, 4);
    o = dq = Tensor(s.dtype, queries);
    dk = dv = Tensor(s.dtype, keys);
    lse = Tensor(statsType, s.batch * s.heads * s.queryLength);
  }

  AttentionOperands operands(void *workspaceAt) {
    return {q.data(),    k.data(),  v.data(),  o.data(),  lse.data(),
            dOut.data(), dq.data(), dk.data(), dv.data(), workspaceAt};
  }

  /// Workspace full of NaN: nothing may depend on what was there.
  void *prepareWorkspace(bool backward) {
    size_t bytes = cpuAttentionWorkspace(shape, backward);
    workspace.assign(bytes + 128, 0xFF);
    auto at = (reinterpret_cast<uintptr_t>(workspace.data()) + 63) / 64 * 64;
    return reinterpret_cast<void *>(at);
  }

  AttentionCall call(bool backward) {
    AttentionCall call{shape, backward, operands(prepareWorkspace(backward)), 0, {}, {}};
    call.workspaceBytes = workspace.size() - 128;
    return call;
  }

  void onDevice(int threads) {
    auto device = makeDevice(threads);
    Status status = device->attention({}, call(false));
    ASSERT_TRUE(status.ok()) << status.message();
    status = device->attention({}, call(true));
    ASSERT_TRUE(status.ok()) << status.message();
  }

  std::vector<std::vector<uint8_t>> results() const {
    return {o.bytes(), lse.bytes(), dq.bytes(), dk.bytes(), dv.bytes()};
  }
};

void check(const AttentionShape &shape) {
  SCOPED_TRACE(testing::Message() << "batch " << shape.batch << " queries " << shape.queryLength
                                  << " keys " << shape.keyLength << " heads " << shape.heads << "/"
                                  << shape.kvHeads << " size " << shape.size << " causal "
                                  << shape.causal);
  Computation run(shape);
  run.onDevice(2);
  AttentionReference reference(run.shape, run.q, run.k, run.v, run.dOut);
  // bf16: the backward reads the rounded o.
  double tolerance = shape.dtype == DType::F64 ? 1e-13 : shape.dtype == DType::F32 ? 2e-5 : 2e-2;
  expectNear(run.o, reference.o, tolerance, "o");
  expectNear(run.lse, reference.lse, shape.dtype == DType::F64 ? 1e-14 : 2e-6, "lse");
  expectNear(run.dq, reference.dq, tolerance, "dq");
  expectNear(run.dk, reference.dk, tolerance, "dk");
  expectNear(run.dv, reference.dv, tolerance, "dv");
}

class AttentionOfType : public testing::TestWithParam<DType> {};

TEST_P(AttentionOfType, LengthsAroundTheTiles) {
  for (bool causal : {false, true})
    for (int64_t length : {1, 2, 15, 16, 17, 47, 48, 49, 95, 96, 97, 131, 200})
      check(shapeOf(1, length, length, 2, 2, 16, causal, GetParam()));
}

TEST_P(AttentionOfType, HeadSizes) {
  for (int64_t size : {1, 3, 8, 13, 16, 20, 64, 100, 128})
    check(shapeOf(2, 37, 37, 2, 1, size, true, GetParam()));
}

TEST_P(AttentionOfType, GroupedHeads) {
  for (int64_t kvHeads : {1, 2, 3, 6})
    for (bool causal : {false, true})
      check(shapeOf(2, 50, 50, 6, kvHeads, 24, causal, GetParam()));
}

TEST_P(AttentionOfType, MoreKeysThanQueries) {
  for (bool causal : {false, true}) {
    check(shapeOf(1, 1, 130, 2, 1, 32, causal, GetParam()));
    check(shapeOf(2, 50, 140, 2, 2, 8, causal, GetParam()));
    // The first queries see 64 keys of more, which no register block of 12 rows ends with.
    check(shapeOf(1, 100, 116, 2, 2, 16, causal, GetParam()));
  }
}

TEST_P(AttentionOfType, QueriesThatSeeNoKey) {
  check(shapeOf(1, 100, 30, 2, 2, 8, true, GetParam()));
  check(shapeOf(1, 100, 30, 2, 2, 8, false, GetParam()));
}

TEST_P(AttentionOfType, SameBitsForAnyNumberOfThreads) {
  for (bool causal : {false, true}) {
    AttentionShape shape = shapeOf(2, 150, 170, 4, 2, 40, causal, GetParam());
    Computation one(shape), two(shape), three(shape);
    one.onDevice(1);
    two.onDevice(2);
    three.onDevice(3);
    EXPECT_EQ(one.results(), two.results());
    EXPECT_EQ(one.results(), three.results());
  }
}

TEST_P(AttentionOfType, SameBitsForBothInstructionSets) {
  if (!__builtin_cpu_supports("avx512f"))
    GTEST_SKIP() << "this CPU has no AVX-512";
  AttentionShape shape = shapeOf(1, 131, 150, 2, 2, 20, true, GetParam());
  Computation wide(shape), narrow(shape);
  wide.onDevice(1);
  AttentionKernels kernels = attentionKernelsAvx2(GetParam());
  AttentionOperands operands = narrow.operands(narrow.prepareWorkspace(false));
  AttentionLayout forward(shape, false), backward(shape, true);
  for (int64_t head = 0; head < 2; ++head) {
    kernels.packKeys({shape, operands, forward}, head, /*place=*/1 - head);
    for (int64_t block = 0; block * attentionQueryBlock < shape.queryLength; ++block)
      kernels.forward({shape, operands, forward}, 0, head, block, /*place=*/1 - head, 0);
  }
  operands = narrow.operands(narrow.prepareWorkspace(true));
  for (int64_t head = 0; head < 2; ++head)
    kernels.backward({shape, operands, backward}, head, 0);
  EXPECT_EQ(wide.results(), narrow.results());
}

TEST_P(AttentionOfType, LargeScoresDoNotOverflow) {
  AttentionShape shape = shapeOf(1, 60, 60, 1, 1, 16, true, GetParam());
  shape.scale = 300;
  Computation run(shape);
  run.onDevice(1);
  AttentionReference reference(run.shape, run.q, run.k, run.v, run.dOut);
  for (int64_t i = 0; i < run.o.size(); ++i)
    ASSERT_TRUE(std::isfinite(run.o.get(i)));
  if (GetParam() == DType::F64)
    expectNear(run.o, reference.o, 1e-9, "o");
}

TEST_P(AttentionOfType, NanStaysVisible) {
  Computation run(shapeOf(1, 60, 60, 1, 1, 16, true, GetParam()));
  run.k.set(20 * 16, std::nan(""));
  run.onDevice(1);
  EXPECT_TRUE(std::isfinite(run.o.get(19 * 16)));
  EXPECT_TRUE(std::isnan(run.o.get(20 * 16)));
  EXPECT_TRUE(std::isnan(run.o.get(59 * 16)));
}

INSTANTIATE_TEST_SUITE_P(Cpu, AttentionOfType, testing::Values(DType::F32, DType::F64, DType::BF16),
                         dtypeName);

} // namespace
} // namespace tpc
