//===- LockstepCommunicator.cpp - Ranks that one thread drives, against ranks as threads -----===//
//
// The suite calls from a thread per rank, which these communicators are not made for. They have to
// give what `local` gives, bit for bit.
//
//===---------------------------------------------------------------------------------------===//
#include "runtime/comm/local/LocalGroup.h"
#include "runtime/comm/local/LockstepGroup.h"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <thread>

using namespace tpc;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

constexpr int kRanks = 3;
constexpr int64_t kOuter = 5, kMid = 6, kInner = 9; ///< the last two are parts for three

using Bytes = std::vector<uint8_t>;

struct Operands {
  std::vector<Bytes> inputs, outputs; ///< by coordinate
};

Operands operandsOf(CollectiveKind kind, DType dtype) {
  Operands operands;
  size_t part = kOuter * kMid * kInner * byteSize(dtype), whole = part * kRanks;
  std::mt19937 engine(3);
  for (int c = 0; c < kRanks; ++c) {
    Bytes input(kind == CollectiveKind::ReduceScatter ? whole : part);
    // Exponents of small numbers in every type.
    for (size_t i = 0; i < input.size(); ++i)
      input[i] = static_cast<uint8_t>(i % byteSize(dtype) == byteSize(dtype) - 1 ? 0x3f : engine());
    operands.inputs.push_back(std::move(input));
    operands.outputs.emplace_back(kind == CollectiveKind::AllGather ? whole : part);
  }
  return operands;
}

Status call(Communicator &communicator, Operands &operands, CollectiveKind kind, DType dtype,
            uint32_t sequence = 0, bool outward = false) {
  int c = communicator.coordinate();
  CollectiveTensor tensor{
      operands.inputs[c].data(), operands.outputs[c].data(), kOuter, kMid, kInner, dtype};
  tensor.outward = outward;
  return communicator.run({kind, ReduceKind::Sum, {&tensor, 1}, sequence}, {});
}

class Lockstep : public testing::Test {
protected:
  void SetUp() override {
    for (std::unique_ptr<Device> &device : devices_) {
      Result<std::unique_ptr<Device>> created = createCpuDevice(1);
      ASSERT_TRUE(created.ok());
      device = std::move(*created);
    }
    std::vector<Device *> devices;
    for (const std::unique_ptr<Device> &device : devices_)
      devices.push_back(device.get());
    group_ = makeLockstepGroup(devices);
  }

  std::unique_ptr<Device> devices_[kRanks];
  std::vector<std::unique_ptr<Communicator>> group_;
};

} // namespace

TEST_F(Lockstep, GivesTheBitsOfRanksAsThreads) {
  // An all_to_all goes inward and outward.
  const std::pair<CollectiveKind, bool> kinds[] = {{CollectiveKind::AllReduce, false},
                                                   {CollectiveKind::AllGather, false},
                                                   {CollectiveKind::ReduceScatter, false},
                                                   {CollectiveKind::AllToAll, false},
                                                   {CollectiveKind::AllToAll, true}};
  for (auto [kind, outward] : kinds)
    for (DType dtype : {DType::F32, DType::F64, DType::BF16, DType::I32}) {
      SCOPED_TRACE(std::string(name(kind)) + (outward ? " outward" : "") + " of type " +
                   std::to_string(int(dtype)));
      Operands together = operandsOf(kind, dtype), apart = together;
      for (const std::unique_ptr<Communicator> &communicator : group_)
        ASSERT_TRUE(call(*communicator, together, kind, dtype, 0, outward).ok());
      std::vector<std::thread> threads;
      for (auto &communicator : makeLocalGroup(kRanks, 20s))
        threads.emplace_back([&apart, kind, dtype, outward, rank = std::move(communicator)] {
          EXPECT_TRUE(call(*rank, apart, kind, dtype, 0, outward).ok());
        });
      for (std::thread &thread : threads)
        thread.join();
      EXPECT_EQ(together.outputs, apart.outputs);
      EXPECT_NE(together.outputs[0], Bytes(together.outputs[0].size()));
    }
}

TEST_F(Lockstep, DisagreementIsAnError) {
  Operands operands = operandsOf(CollectiveKind::AllReduce, DType::F32);
  ASSERT_TRUE(call(*group_[0], operands, CollectiveKind::AllReduce, DType::F32, 4).ok());
  ASSERT_TRUE(call(*group_[1], operands, CollectiveKind::AllReduce, DType::F32, 4).ok());
  Status status = call(*group_[2], operands, CollectiveKind::AllReduce, DType::F32, 5);
  EXPECT_EQ(status.code(), Code::RankFailed);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("ranks disagree"), HasSubstr("coordinate 2 runs all_reduce"),
                    HasSubstr("number 5")));
}

TEST_F(Lockstep, ACallBeforeAllHaveCalledIsAnError) {
  Operands operands = operandsOf(CollectiveKind::AllGather, DType::F32);
  ASSERT_TRUE(call(*group_[1], operands, CollectiveKind::AllGather, DType::F32).ok());
  Status status = call(*group_[1], operands, CollectiveKind::AllGather, DType::F32);
  EXPECT_THAT(status.message(), HasSubstr("coordinate 1 calls all_gather"));
}

TEST_F(Lockstep, AnAbortEndsAllCalls) {
  group_[2]->abort(Status(Code::RankFailed, "rank 2 failed"));
  Operands operands = operandsOf(CollectiveKind::AllReduce, DType::F32);
  Status status = call(*group_[0], operands, CollectiveKind::AllReduce, DType::F32);
  EXPECT_EQ(status.message(), "rank 2 failed");
}
