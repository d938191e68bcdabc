//===- Memory.cpp - Allocation, copies, kernels: what is not arithmetic --------------------===//
#include "tests/conformance/device/DeviceTest.h"

#include <fstream>
#include <iterator>
#include <numeric>

namespace tpc {
namespace {

TEST(DeviceMemory, IsZeroedAndAligned) {
  auto device = makeDevice(2);
  for (size_t bytes : {size_t{0}, size_t{1}, size_t{5000}, size_t{5} << 20}) {
    Result<void *> memory = device->allocate(bytes);
    ASSERT_TRUE(memory.ok());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(*memory) % 64, 0u);
    auto *at = static_cast<const uint8_t *>(*memory);
    EXPECT_TRUE(std::all_of(at, at + bytes, [](uint8_t x) { return x == 0; }));
  }
}

TEST(DeviceMemory, TooMuchIsAnError) {
  Result<void *> memory = makeDevice(1)->allocate(SIZE_MAX);
  ASSERT_FALSE(memory.ok());
  EXPECT_EQ(memory.status().code(), Code::Unavailable);
}

TEST(DeviceMemory, CopiesAndFills) {
  for (int threads : {1, 3}) {
    auto device = makeDevice(threads);
    std::vector<int32_t> from(200'003), to(from.size() + 1, -1);
    std::iota(from.begin(), from.end(), 0);
    ASSERT_TRUE(device->copy({}, from.data(), to.data(), {from.size() * 4}).ok());
    EXPECT_TRUE(std::equal(from.begin(), from.end(), to.begin()));
    EXPECT_EQ(to.back(), -1);
    for (DType dtype : {DType::F32, DType::F64, DType::BF16}) {
      Tensor tensor(dtype, 100'001);
      ASSERT_TRUE(device->fill({}, tensor.data(), -1.5, dtype, {100'000}).ok());
      EXPECT_EQ(tensor.get(0), -1.5);
      EXPECT_EQ(tensor.get(99'999), -1.5);
      EXPECT_EQ(tensor.get(100'000), 0);
    }
    ASSERT_TRUE(device->fill({}, to.data(), 7, DType::I32, {3}).ok());
    EXPECT_EQ(to[2], 7);
    EXPECT_EQ(to[3], 3);
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
