//===- ReductionKernelsTest.cpp - How ranks on one device reduce ----------------------------===//

#include "compiler/emit/ReductionKernels.h"

#include "dialects/tp/TP.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace tpc;

namespace {

class Reductions : public testing::Test {
protected:
  Reductions() {
    context.loadDialect<nn::NNDialect, tp::TPDialect>();
    builder.setInsertionPointToEnd(&block);
  }

  /// [outer, 2 * mid, inner] of f32 on each of two ranks, of which each gets its half.
  Operation *scatter(int64_t outer, int64_t mid, int64_t inner) {
    auto type = [&](int64_t extent) {
      return RankedTensorType::get({outer, extent, inner}, builder.getF32Type());
    };
    Location loc = builder.getUnknownLoc();
    Value input = block.addArgument(type(2 * mid), loc);
    return tp::ReduceScatterOp::create(builder, loc, type(mid), input, builder.getStringAttr("tp"),
                                       1, builder.getStringAttr("a test asks for it"));
  }

  const Mesh mesh{{{"tp", 2}}};
  MLIRContext context{MLIRContext::Threading::DISABLED};
  OpBuilder builder{&context};
  Block block;
  ReductionKernels kernels{mesh};
};

TEST_F(Reductions, EqualFormsShareOneKernel) {
  Operation *first = scatter(3, 2, 4), *second = scatter(3, 2, 4), *other = scatter(1, 2, 4);
  for (Operation *op : {first, second, other})
    kernels.add(op);
  EXPECT_EQ(kernels.kernels().size(), 2u);
  EXPECT_EQ(kernels.find(first, 0), kernels.find(second, 0));
  EXPECT_NE(kernels.find(first, 0), kernels.find(other, 0));
}

/// What only moves is copied, whatever the size of its parts.
TEST_F(Reductions, AnAllToAllNeedsNoKernel) {
  Location loc = builder.getUnknownLoc();
  auto type = [&](int64_t rows, int64_t columns) {
    return RankedTensorType::get({rows, columns}, builder.getF32Type());
  };
  Value input = block.addArgument(type(1, 6), loc);
  Operation *move =
      tp::AllToAllOp::create(builder, loc, type(2, 3), input, builder.getStringAttr("tp"), 0, 1,
                             builder.getStringAttr("a test asks for it"));
  kernels.add(move);
  EXPECT_TRUE(kernels.kernels().empty());
  EXPECT_FALSE(kernels.find(move, 0));
}

/// Where the slices of a kernel begin, by result.
std::vector<std::vector<int64_t>> startsOf(nn::KernelOp kernel) {
  std::vector<std::vector<int64_t>> starts;
  for (Value result : kernel.getBody().front().getTerminator()->getOperands()) {
    starts.emplace_back();
    for (Value term : result.getDefiningOp<nn::AddOp>().getOperands())
      starts.back().push_back(term.getDefiningOp<nn::SliceOp>().getStart());
  }
  return starts;
}

// Each part begins at a multiple of 16 bytes, where a pointer of its own leads.
TEST_F(Reductions, AlignedPartsAreReducedOneByOne) {
  kernels.add(scatter(3, 2, 4));
  nn::KernelOp kernel = kernels.kernels().front();
  EXPECT_EQ(kernel.getNumOperands(), 2u);
  EXPECT_EQ(startsOf(kernel), (std::vector<std::vector<int64_t>>{{0, 0}}));
}

// The second rank's part begins at byte 24, where a GPU cannot load 16 bytes.
TEST_F(Reductions, OtherPartsAreReducedByOneKernel) {
  kernels.add(scatter(3, 1, 6));
  nn::KernelOp kernel = kernels.kernels().front();
  ASSERT_TRUE(succeeded(mlir::verify(kernel)));
  EXPECT_EQ(kernel.getNumOperands(), 2u);
  EXPECT_EQ(startsOf(kernel), (std::vector<std::vector<int64_t>>{{0, 0}, {6, 6}}));
  for (Type type : kernel.getResultTypes())
    EXPECT_EQ(type, RankedTensorType::get({3, 6}, builder.getF32Type()));
}

} // namespace
