//===- Memory.cpp - Allocation, copies, kernels: what is not arithmetic --------------------===//
#include "runtime/device/HostAccess.h"
#include "tests/conformance/device/DeviceTest.h"

#include <fstream>
#include <iterator>
#include <numeric>

namespace tpc {
namespace {

class DeviceMemory : public testing::TestWithParam<DeviceKind> {
protected:
  void SetUp() override { TPC_SKIP_WITHOUT(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Devices, DeviceMemory, testing::Values(DeviceKind::Cpu, DeviceKind::Cuda),
                         [](const auto &info) { return std::string(nameOf(info.param)); });

TEST_P(DeviceMemory, IsZeroedAndAligned) {
  auto device = makeDevice(GetParam(), 2);
  for (size_t bytes : {size_t{0}, size_t{1}, size_t{5000}, size_t{5} << 20}) {
    Result<void *> memory = device->allocate(bytes);
    ASSERT_TRUE(memory.ok());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(*memory) % 64, 0u);
    EXPECT_TRUE(readOnHost(*device, *memory, bytes, [&](const void *data) {
                  auto *at = static_cast<const uint8_t *>(data);
                  EXPECT_TRUE(std::all_of(at, at + bytes, [](uint8_t x) { return x == 0; }));
                  return Status();
                }).ok());
  }
}

TEST_P(DeviceMemory, TooMuchIsAnError) {
  Result<void *> memory = makeDevice(GetParam(), 1)->allocate(SIZE_MAX);
  ASSERT_FALSE(memory.ok());
  EXPECT_EQ(memory.status().code(), Code::Unavailable);
}

TEST_P(DeviceMemory, WhatTheHostWritesItReads) {
  auto device = makeDevice(GetParam(), 1);
  Result<void *> memory = device->allocate(1000);
  ASSERT_TRUE(memory.ok());
  auto fill = [](void *data) {
    auto *bytes = static_cast<uint8_t *>(data);
    for (int i = 0; i < 1000; ++i)
      bytes[i] = static_cast<uint8_t>(i * 7);
    return Status();
  };
  ASSERT_TRUE(writeOnHost(*device, *memory, 1000, fill).ok());
  int wrong = 0;
  auto visit = [&](const void *data) {
    for (int i = 0; i < 1000; ++i)
      wrong += static_cast<const uint8_t *>(data)[i] != static_cast<uint8_t>(i * 7);
    return Status();
  };
  ASSERT_TRUE(readOnHost(*device, *memory, 1000, visit).ok());
  EXPECT_EQ(wrong, 0);
}

TEST_P(DeviceMemory, CopiesAndFills) {
  for (int threads : {1, 3}) {
    auto device = makeDevice(GetParam(), threads);
    Stream stream = device->stream(0);
    std::vector<int32_t> from(200'003), to(from.size() + 1, -1);
    std::iota(from.begin(), from.end(), 0);
    OnDevice memory(*device);
    void *source = memory.give(from.data(), from.size() * 4);
    void *target = memory.give(to.data(), to.size() * 4);
    ASSERT_TRUE(device->copy(stream, source, target, {from.size() * 4}).ok());
    ASSERT_TRUE(memory.take().ok());
    EXPECT_TRUE(std::equal(from.begin(), from.end(), to.begin()));
    EXPECT_EQ(to.back(), -1);
    for (DType dtype : {DType::F32, DType::F64, DType::BF16}) {
      Tensor tensor(dtype, 100'001);
      OnDevice own(*device);
      ASSERT_TRUE(device->fill(stream, own.give(tensor), -1.5, dtype, {100'000}).ok());
      ASSERT_TRUE(own.take().ok());
      EXPECT_EQ(tensor.get(0), -1.5);
      EXPECT_EQ(tensor.get(99'999), -1.5);
      EXPECT_EQ(tensor.get(100'000), 0);
    }
    ASSERT_TRUE(device->fill(stream, target, 7, DType::I32, {3}).ok());
    ASSERT_TRUE(memory.take().ok());
    EXPECT_EQ(to[2], 7);
    EXPECT_EQ(to[3], 3);
  }
}

TEST_P(DeviceMemory, CopiesAndFillsRows) {
  auto device = makeDevice(GetParam(), 2);
  Stream stream = device->stream(0);
  for (DType dtype : {DType::F32, DType::F64, DType::BF16}) {
    // 3 of 5 columns of the source go to the columns from 2 on of 7; column 6 becomes 0.5.
    const size_t element = byteSize(dtype);
    Tensor from = Tensor::random(dtype, 4 * 5, 1), to = Tensor::random(dtype, 4 * 7, 2);
    Tensor before = to;
    OnDevice memory(*device);
    auto *source = static_cast<uint8_t *>(memory.give(from));
    auto *target = static_cast<uint8_t *>(memory.give(to));
    ASSERT_TRUE(device
                    ->copy(stream, source + element, target + 2 * element,
                           {3 * element, 4, 5 * element, 7 * element})
                    .ok());
    ASSERT_TRUE(device->fill(stream, target + 6 * element, 0.5, dtype, {1, 4, 7 * element}).ok());
    ASSERT_TRUE(memory.take().ok());
    for (int64_t row = 0; row < 4; ++row)
      for (int64_t column = 0; column < 7; ++column)
        EXPECT_EQ(to.get(row * 7 + column), column == 6   ? 0.5
                                            : column == 5 ? before.get(row * 7 + 5)
                                            : column >= 2 ? from.get(row * 5 + column - 1)
                                                          : before.get(row * 7 + column));
  }
}

TEST_P(DeviceMemory, StreamsWaitForEvents) {
  auto device = makeDevice(GetParam(), 1);
  Stream first = device->stream(0), second = device->stream(1);
  Tensor a(DType::F32, 1000), b(DType::F32, 1000);
  OnDevice memory(*device);
  void *one = memory.give(a), *two = memory.give(b);
  Result<Event> filled = device->createEvent(EventUse::Time),
                copied = device->createEvent(EventUse::Time);
  ASSERT_TRUE(filled.ok() && copied.ok());
  for (int round = 1; round <= 3; ++round) {
    ASSERT_TRUE(device->fill(first, one, round, DType::F32, {1000}).ok());
    ASSERT_TRUE(device->record(*filled, first).ok());
    ASSERT_TRUE(device->wait(second, *filled).ok());
    ASSERT_TRUE(device->copy(second, one, two, {4000}).ok());
    ASSERT_TRUE(device->record(*copied, second).ok());
    ASSERT_TRUE(device->wait(first, *copied).ok());
  }
  ASSERT_TRUE(device->fill(first, one, 9, DType::F32, {1000}).ok());
  ASSERT_TRUE(memory.take().ok());
  EXPECT_EQ(a.get(999), 9);
  EXPECT_EQ(b.get(999), 3);
  Result<double> seconds = device->seconds(*filled, *copied);
  ASSERT_TRUE(seconds.ok());
  EXPECT_GE(*seconds, 0);
}

TEST_P(DeviceMemory, AGraphDoesItsWorkAgain) {
  auto device = makeDevice(GetParam(), 1);
  GraphRecorder *recorder = device->graphs();
  if (!recorder)
    GTEST_SKIP() << "this device keeps no work";
  Stream stream = device->stream(0);
  Tensor a(DType::F32, 10), b(DType::F32, 10);
  OnDevice memory(*device);
  void *one = memory.give(a), *two = memory.give(b);
  ASSERT_TRUE(recorder->begin(stream).ok());
  ASSERT_TRUE(device->copy(stream, one, two, {40}).ok());
  Result<std::unique_ptr<Graph>> graph = recorder->end(stream);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  for (int round = 1; round <= 2; ++round) {
    ASSERT_TRUE(device->fill(stream, one, round, DType::F32, {10}).ok());
    ASSERT_TRUE((*graph)->launch(stream).ok());
    ASSERT_TRUE(memory.take().ok());
    EXPECT_EQ(b.get(9), round);
  }
}

void addOnePerTile(void *const *pointers, const int64_t *scalars, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i)
    static_cast<int64_t *>(pointers[0])[i] += scalars[0];
}

TEST(DeviceLaunch, RunsEveryTileOnce) {
  for (int threads : {1, 2, 5})
    for (int64_t tiles : {0, 1, 3, 1000}) {
      auto device = makeDevice(threads);
      std::vector<int64_t> counts(tiles + 1);
      void *pointers[] = {counts.data()};
      Kernel kernel{reinterpret_cast<KernelHandle>(addOnePerTile), {1}, tiles};
      for (int i = 0; i < 50; ++i)
        ASSERT_TRUE(device->launch({}, kernel, pointers).ok());
      EXPECT_TRUE(std::all_of(counts.begin(), counts.end() - 1, [](int64_t x) { return x == 50; }));
      EXPECT_EQ(counts.back(), 0);
    }
}

std::vector<uint8_t> kernelImage(const char *path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(DeviceLoad, RunsTheKernelsOfTwoImages) {
  auto device = makeDevice(2);
  auto one = device->load(kernelImage(TPC_TEST_KERNELS_1), "x86-64-v2");
  ASSERT_TRUE(one.ok()) << one.status().message();
  auto two = device->load(kernelImage(TPC_TEST_KERNELS_2), "native");
  ASSERT_TRUE(two.ok()) << two.status().message();
  int64_t values[10] = {};
  void *pointers[] = {values};
  for (auto *module : {&*one, &*two}) {
    Result<KernelHandle> function = (*module)->function("kernel");
    ASSERT_TRUE(function.ok());
    ASSERT_TRUE(device->launch({}, {*function, {2}, 10}, pointers).ok());
  }
  for (int64_t value : values)
    EXPECT_EQ(value, 2 * 10 + 2 * 100);
}

TEST(DeviceLoad, ReplacedImageIsNotMixedUp) {
  auto device = makeDevice(1);
  for (const char *path : {TPC_TEST_KERNELS_1, TPC_TEST_KERNELS_2, TPC_TEST_KERNELS_1}) {
    auto module = device->load(kernelImage(path), "x86-64-v2");
    ASSERT_TRUE(module.ok());
    int64_t value = 0;
    void *pointers[] = {&value};
    ASSERT_TRUE(device->launch({}, {*(*module)->function("kernel"), {1}, 1}, pointers).ok());
    EXPECT_EQ(value, std::string(path) == TPC_TEST_KERNELS_1 ? 10 : 100);
  }
}

TEST(DeviceLoad, SaysWhatIsWrong) {
  auto device = makeDevice(1);
  std::vector<uint8_t> image = kernelImage(TPC_TEST_KERNELS_1);
  auto module = device->load(image, "x86-64-v2");
  ASSERT_TRUE(module.ok());
  EXPECT_EQ((*module)->function("missing").status().code(), Code::InvalidInput);
  EXPECT_EQ(device->load(image, "x86-64-v9").status().code(), Code::InvalidInput);
  std::vector<uint8_t> other = image;
  other[0] = 'x';
  EXPECT_EQ(device->load(other, "x86-64-v2").status().code(), Code::InvalidInput);
  other = image;
  other.resize(40);
  EXPECT_EQ(device->load(other, "x86-64-v2").status().code(), Code::InvalidInput);
}

TEST(Device, NeedsAThread) { EXPECT_EQ(createCpuDevice(0).status().code(), Code::Usage); }

} // namespace
} // namespace tpc
