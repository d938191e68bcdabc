// Fragments and matrices of a warp.
#include "tests/unit/fake_gpu/PtxSnippet.h"

namespace tpc::fake_gpu {
namespace {

TEST(PtxMatrix, MultipliesFragments) {
  // A[i][k] = i + 2k, B[k][j] = k - 3j, C[i][j] = i j: small integers, exact in bf16 up to 256.
  std::string body = "shr.u32 %r2, %r1, 2; and.b32 %r3, %r1, 3; shl.b32 %r3, %r3, 1;\n";
  auto element = [&](int target, int row, int column, bool isA) {
    // Packs elements (row, column) and its right (A) or lower (B) neighbour.
    for (int half = 0; half < 2; ++half) {
      std::string f = "%f" + std::to_string(half + 1);
      std::string rowReg = isA ? "%r2" : "%r3", columnReg = isA ? "%r3" : "%r2";
      int rowAdd = row + (isA ? 0 : half), columnAdd = column + (isA ? half : 0);
      body += "add.s32 %r30, " + rowReg + ", " + std::to_string(rowAdd) + "; add.s32 %r31, " +
              columnReg + ", " + std::to_string(columnAdd) + ";";
      body += isA ? "mad.lo.s32 %r32, %r31, 2, %r30;" : "mad.lo.s32 %r32, %r31, -3, %r30;";
      body += "cvt.rn.f32.s32 " + f + ", %r32;\n";
    }
    body += "cvt.rn.bf16x2.f32 %r" + std::to_string(target) + ", %f2, %f1;\n";
  };
  element(10, 0, 0, true);
  element(11, 8, 0, true);
  element(12, 0, 8, true);
  element(13, 8, 8, true);
  element(14, 0, 0, false);
  element(15, 8, 0, false);
  for (int i = 0; i < 4; ++i)
    body += "add.s32 %r30, %r2, " + std::to_string(i / 2 * 8) + "; add.s32 %r31, %r3, " +
            std::to_string(i % 2) + "; mul.lo.s32 %r32, %r30, %r31; cvt.rn.f32.s32 %f" +
            std::to_string(4 + i) + ", %r32;\n";
  body += "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f4, %f5, %f6, %f7}, {%r10, %r11, "
          "%r12, %r13}, {%r14, %r15}, {%f4, %f5, %f6, %f7};\n";
  for (int i = 0; i < 4; ++i) {
    std::string f = "%f" + std::to_string(4 + i);
    BlockOutcome outcome = runBlock(body + "cvt.rzi.s32.f32 %r0, " + f + ";", 32);
    ASSERT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.words, wordsOf(32, [&](uint32_t lane) {
                int row = static_cast<int>(lane / 4) + i / 2 * 8;
                int column = static_cast<int>(lane % 4 * 2) + i % 2, sum = row * column;
                for (int k = 0; k < 16; ++k)
                  sum += (row + 2 * k) * (k - 3 * column);
                return static_cast<uint32_t>(sum);
              }));
  }
}

TEST(PtxMatrix, LoadsMatrices) {
  // Each lane stores 8 numbers 100 row + column of row `lane` of four stacked 8 x 8 matrices.
  std::string fill = "mul.lo.s32 %r2, %r1, 100;\n";
  for (int i = 0; i < 8; ++i)
    fill += "add.s32 %r3, %r2, " + std::to_string(i) + "; cvt.u16.u32 %h" + std::to_string(i) +
            ", %r3;\n";
  fill +=
      "mov.u32 %r4, buffer; shl.b32 %r5, %r1, 4; add.s32 %r4, %r4, %r5;"
      "mov.b32 %r10, {%h0, %h1}; mov.b32 %r11, {%h2, %h3}; mov.b32 %r12, {%h4, %h5};"
      "mov.b32 %r13, {%h6, %h7}; st.shared.v4.b32 [%r4], {%r10, %r11, %r12, %r13}; bar.sync 0;\n";
  for (int m = 0; m < 4; ++m) {
    std::string result = "mov.b32 %r0, %r" + std::to_string(20 + m) + ";";
    BlockOutcome plain = runBlock(
        fill + "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r20, %r21, %r22, %r23}, [%r4];" + result,
        32, sharedBuffer);
    ASSERT_EQ(plain.error, "");
    auto number = [&](uint32_t row, uint32_t column) { return 100 * (8 * m + row) + column; };
    EXPECT_EQ(plain.words, wordsOf(32, [&](uint32_t lane) {
                return number(lane / 4, lane % 4 * 2) | number(lane / 4, lane % 4 * 2 + 1) << 16;
              }));
    BlockOutcome transposed = runBlock(
        fill + "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%r20, %r21, %r22, %r23}, [%r4];" +
            result,
        32, sharedBuffer);
    EXPECT_EQ(transposed.words, wordsOf(32, [&](uint32_t lane) {
                return number(lane % 4 * 2, lane / 4) | number(lane % 4 * 2 + 1, lane / 4) << 16;
              }));
  }
}

} // namespace
} // namespace tpc::fake_gpu
