#include "runtime/comm/nccl/NcclSteps.h"

#include <gtest/gtest.h>

using namespace tpc;
using namespace tpc::nccl;

namespace {

struct Sent {
  ptrdiff_t send, receive; ///< bytes from the beginning of the tensor's buffers
  size_t count;
  DType dtype;
  int peer = -1;
  bool operator==(const Sent &) const = default;
};

std::vector<Sent> stepsOfOne(CollectiveKind kind, int64_t outer, int64_t mid, int64_t inner,
                             DType dtype, bool outward = false) {
  static char input[1], output[1];
  CollectiveTensor tensor{input, output, outer, mid, inner, dtype};
  tensor.outward = outward;
  std::vector<Sent> sent;
  for (const NcclStep &step : stepsOf({kind, ReduceKind::Sum, {&tensor, 1}}, 4))
    sent.push_back({static_cast<const char *>(step.send) - input,
                    static_cast<char *>(step.receive) - output, step.count, step.dtype, step.peer});
  return sent;
}

} // namespace

TEST(NcclSteps, AllReduceIsOneCallHoweverItIsSeen) {
  EXPECT_EQ(stepsOfOne(CollectiveKind::AllReduce, 3, 2, 5, DType::BF16),
            (std::vector<Sent>{{0, 0, 30, DType::BF16}}));
}

TEST(NcclSteps, GatherAndScatterOfWholeTensorsAreOneCall) {
  EXPECT_EQ(stepsOfOne(CollectiveKind::AllGather, 1, 2, 5, DType::F32),
            (std::vector<Sent>{{0, 0, 10, DType::F32}}));
  EXPECT_EQ(stepsOfOne(CollectiveKind::ReduceScatter, 1, 2, 5, DType::F32),
            (std::vector<Sent>{{0, 0, 10, DType::F32}}));
}

TEST(NcclSteps, SlicesOfAMiddleDimAreCallsOfTheirOwn) {
  EXPECT_EQ(stepsOfOne(CollectiveKind::AllGather, 3, 2, 5, DType::BF16),
            (std::vector<Sent>{
                {0, 0, 10, DType::BF16}, {20, 80, 10, DType::BF16}, {40, 160, 10, DType::BF16}}));
  EXPECT_EQ(stepsOfOne(CollectiveKind::ReduceScatter, 2, 2, 5, DType::F64),
            (std::vector<Sent>{{0, 0, 10, DType::F64}, {320, 80, 10, DType::F64}}));
}

TEST(NcclSteps, AllToAllIsAMessageForEachRunInBothDirections) {
  // Of 8 columns each rank gets 2, and has 2 rows of everybody.
  EXPECT_EQ(stepsOfOne(CollectiveKind::AllToAll, 1, 2, 8, DType::F32),
            (std::vector<Sent>{{0, 0, 2, DType::F32, 0},
                               {32, 8, 2, DType::F32, 0},
                               {8, 16, 2, DType::F32, 1},
                               {40, 24, 2, DType::F32, 1},
                               {16, 32, 2, DType::F32, 2},
                               {48, 40, 2, DType::F32, 2},
                               {24, 48, 2, DType::F32, 3},
                               {56, 56, 2, DType::F32, 3}}));
  EXPECT_EQ(stepsOfOne(CollectiveKind::AllToAll, 1, 4, 3, DType::BF16, /*outward=*/true),
            (std::vector<Sent>{{0, 0, 3, DType::BF16, 0},
                               {6, 6, 3, DType::BF16, 1},
                               {12, 12, 3, DType::BF16, 2},
                               {18, 18, 3, DType::BF16, 3}}));
}
