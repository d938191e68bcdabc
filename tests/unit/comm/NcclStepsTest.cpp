#include "runtime/comm/nccl/NcclSteps.h"

#include <gtest/gtest.h>

using namespace tpc;
using namespace tpc::nccl;

namespace {

struct Sent {
  ptrdiff_t send, receive; ///< bytes from the beginning of the tensor's buffers
  size_t count;
  DType dtype;
  bool operator==(const Sent &) const = default;
};

std::vector<Sent> stepsOfOne(CollectiveKind kind, int64_t outer, int64_t mid, int64_t inner,
                             DType dtype) {
  static char input[1], output[1];
  CollectiveTensor tensor{input, output, outer, mid, inner, dtype};
  std::vector<Sent> sent;
  for (const NcclStep &step : stepsOf({kind, ReduceKind::Sum, {&tensor, 1}}, 4))
    sent.push_back({static_cast<const char *>(step.send) - input,
                    static_cast<char *>(step.receive) - output, step.count, step.dtype});
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
