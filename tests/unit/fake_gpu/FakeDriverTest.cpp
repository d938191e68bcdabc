// The fake driver keeps the rules of streams, captures and memory, and says when others do not.
#include "tests/fake_gpu/driver/FakeGpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace tpc::fake_gpu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// add: x[i] += y[i]; put: x[i] = value; both over 32-bit words, one block of threads.
const char *const kernels = R"(
.version 8.0
.target sm_90
.address_size 64
.visible .entry add(.param .u64 x, .param .u64 y) {
  .reg .b32 %r<4>; .reg .b64 %d<4>;
  mov.u32 %r1, %tid.x; mul.wide.u32 %d1, %r1, 4;
  ld.param.u64 %d2, [x]; add.s64 %d2, %d2, %d1; ld.param.u64 %d3, [y]; add.s64 %d3, %d3, %d1;
  ld.global.u32 %r2, [%d2]; ld.global.u32 %r3, [%d3]; add.s32 %r2, %r2, %r3;
  st.global.u32 [%d2], %r2; ret;
}
.visible .entry put(.param .u64 x, .param .u32 value) {
  .reg .b32 %r<4>; .reg .b64 %d<4>;
  mov.u32 %r1, %tid.x; mul.wide.u32 %d1, %r1, 4;
  ld.param.u64 %d2, [x]; add.s64 %d2, %d2, %d1; ld.param.u32 %r2, [value];
  st.global.u32 [%d2], %r2; ret;
}
.visible .entry shared(.param .u64 x) {
  .shared .align 16 .b8 fixed[1024]; ret;
}
.visible .entry many() .maxntid 512 { ret; }
)";

constexpr unsigned words = 8;

class FakeDriver : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
    reset();
    setOrder(1);
    failLaunch(0);
    CUdevice device;
    ASSERT_EQ(cuDeviceGet(&device, 0), CUDA_SUCCESS);
    ASSERT_EQ(cuDevicePrimaryCtxRetain(&context_, device), CUDA_SUCCESS);
    ASSERT_EQ(cuCtxSetCurrent(context_), CUDA_SUCCESS);
    ASSERT_EQ(cuModuleLoadData(&module_, kernels), CUDA_SUCCESS);
    for (CUstream *stream : {&a_, &b_})
      ASSERT_EQ(cuStreamCreateWithPriority(stream, CU_STREAM_NON_BLOCKING, 0), CUDA_SUCCESS);
    for (CUevent *event : {&forked_, &joined_})
      ASSERT_EQ(cuEventCreate(event, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
    for (CUdeviceptr *data : {&x_, &y_})
      ASSERT_EQ(cuMemAlloc(data, words * 4), CUDA_SUCCESS);
    ASSERT_EQ(cuMemsetD32Async(x_, 0, words, a_), CUDA_SUCCESS);
    ASSERT_EQ(cuMemsetD32Async(y_, 0, words, a_), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamSynchronize(a_), CUDA_SUCCESS);
    takeReports();
  }

  void TearDown() override {
    reset();
    cuMemFree(x_);
    cuMemFree(y_);
    for (CUevent event : {forked_, joined_})
      cuEventDestroy(event);
    for (CUstream stream : {a_, b_})
      cuStreamDestroy(stream);
    cuModuleUnload(module_);
    cuDevicePrimaryCtxRelease(0);
    if (!expectsReports_) {
      EXPECT_THAT(takeReports(), IsEmpty());
    }
    takeReports();
  }

  CUfunction function(const char *name) {
    CUfunction function = nullptr;
    EXPECT_EQ(cuModuleGetFunction(&function, module_, name), CUDA_SUCCESS);
    return function;
  }
  CUresult add(CUdeviceptr x, CUdeviceptr y, CUstream stream) {
    void *parameters[] = {&x, &y};
    return cuLaunchKernel(function("add"), 1, 1, 1, words, 1, 1, 0, stream, parameters, nullptr);
  }
  CUresult put(CUdeviceptr x, unsigned value, CUstream stream) {
    void *parameters[] = {&x, &value};
    return cuLaunchKernel(function("put"), 1, 1, 1, words, 1, 1, 0, stream, parameters, nullptr);
  }
  static unsigned *wordsAt(CUdeviceptr x) { return static_cast<unsigned *>(hostView(x)); }
  unsigned read(CUdeviceptr x) {
    unsigned value = 0;
    EXPECT_EQ(cuMemcpyDtoHAsync(&value, x, 4, a_), CUDA_SUCCESS);
    return value;
  }
  /// A capture on a_ that forks to b_.
  void beginForked() {
    ASSERT_EQ(cuStreamBeginCapture(a_, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_SUCCESS);
    ASSERT_EQ(cuEventRecord(forked_, a_), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamWaitEvent(b_, forked_, 0), CUDA_SUCCESS);
  }
  CUresult endCapture(CUstream stream) {
    CUgraph graph = nullptr;
    CUresult result = cuStreamEndCapture(stream, &graph);
    if (graph)
      cuGraphDestroy(graph);
    return result;
  }

  CUcontext context_ = nullptr;
  CUmodule module_ = nullptr;
  CUstream a_ = nullptr, b_ = nullptr;
  CUevent forked_ = nullptr, joined_ = nullptr;
  CUdeviceptr x_ = 0, y_ = 0;
  bool expectsReports_ = false;
};

TEST_F(FakeDriver, RunsWorkInTheOrderOfAStream) {
  for (uint64_t order : {0, 1, 2, 3, 4}) {
    setOrder(order);
    ASSERT_EQ(put(x_, 1, a_), CUDA_SUCCESS);
    ASSERT_EQ(add(x_, x_, a_), CUDA_SUCCESS);
    ASSERT_EQ(add(x_, x_, a_), CUDA_SUCCESS);
    EXPECT_EQ(read(x_), 4u);
  }
}

TEST_F(FakeDriver, RunsNothingBeforeSomebodyWaits) {
  ASSERT_EQ(put(x_, 7, b_), CUDA_SUCCESS);
  EXPECT_EQ(*wordsAt(x_), 0u);
  EXPECT_EQ(cuStreamQuery(b_), CUDA_ERROR_NOT_READY);
  EXPECT_EQ(cuStreamQuery(b_), CUDA_SUCCESS);
  EXPECT_EQ(*wordsAt(x_), 7u);
}

TEST_F(FakeDriver, ShowsAMissingWait) {
  // b adds what a wrote: once with the wait, once without.
  auto run = [&](bool waits) {
    EXPECT_EQ(put(x_, 0, a_), CUDA_SUCCESS);
    EXPECT_EQ(put(y_, 0, a_), CUDA_SUCCESS);
    EXPECT_EQ(cuStreamSynchronize(a_), CUDA_SUCCESS);
    EXPECT_EQ(put(y_, 5, a_), CUDA_SUCCESS);
    EXPECT_EQ(cuEventRecord(forked_, a_), CUDA_SUCCESS);
    if (waits) {
      EXPECT_EQ(cuStreamWaitEvent(b_, forked_, 0), CUDA_SUCCESS);
    }
    EXPECT_EQ(add(x_, y_, b_), CUDA_SUCCESS);
    EXPECT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
    return read(x_);
  };
  EXPECT_EQ(run(false), 0u); // the younger stream first
  EXPECT_EQ(run(true), 5u);
  setOrder(2);
  EXPECT_EQ(run(false), 5u);
  EXPECT_EQ(run(true), 5u);
}

TEST_F(FakeDriver, WaitsForWhatAnEventRecordedAtTheTimeOfTheCall) {
  ASSERT_EQ(put(y_, 1, a_), CUDA_SUCCESS);
  ASSERT_EQ(cuEventRecord(forked_, a_), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamWaitEvent(b_, forked_, 0), CUDA_SUCCESS);
  ASSERT_EQ(put(y_, 2, a_), CUDA_SUCCESS);
  ASSERT_EQ(cuEventRecord(forked_, a_), CUDA_SUCCESS);
  ASSERT_EQ(add(x_, y_, b_), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(b_), CUDA_SUCCESS);
  EXPECT_EQ(read(x_), 1u);
}

TEST_F(FakeDriver, TheHostCannotTouchItsMemory) {
  EXPECT_DEATH(*reinterpret_cast<volatile unsigned *>(x_) = 1, "");
}

TEST_F(FakeDriver, ReadsPinnedMemoryWhenTheCopyRuns) {
  unsigned ordinary = 3;
  ASSERT_EQ(cuMemcpyHtoDAsync(x_, &ordinary, 4, a_), CUDA_SUCCESS);
  ordinary = 4;
  EXPECT_EQ(read(x_), 3u);
  void *pinned = nullptr;
  ASSERT_EQ(cuMemAllocHost(&pinned, 4), CUDA_SUCCESS);
  *static_cast<unsigned *>(pinned) = 3;
  ASSERT_EQ(cuMemcpyHtoDAsync(x_, pinned, 4, a_), CUDA_SUCCESS);
  *static_cast<unsigned *>(pinned) = 4;
  EXPECT_EQ(read(x_), 4u);
  ASSERT_EQ(cuMemFreeHost(pinned), CUDA_SUCCESS);
}

TEST_F(FakeDriver, PinnedMemoryIsFreedAfterItsCopies) {
  expectsReports_ = true;
  void *pinned = nullptr;
  EXPECT_EQ(cuMemHostAlloc(&pinned, 0, 0), CUDA_ERROR_INVALID_VALUE);
  const uint64_t before = inUse().ordinaryUploads;
  ASSERT_EQ(cuMemHostAlloc(&pinned, 4, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyHtoDAsync(x_, pinned, 4, a_), CUDA_SUCCESS);
  EXPECT_EQ(inUse().ordinaryUploads, before);
  ASSERT_EQ(cuMemFreeHost(pinned), CUDA_SUCCESS);
  EXPECT_THAT(takeReports(), ElementsAre(HasSubstr("freed before the work is done")));
}

TEST_F(FakeDriver, PitchesHaveABound) {
  CUDA_MEMCPY2D rows = {};
  rows.srcMemoryType = rows.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  rows.srcDevice = x_;
  rows.dstDevice = y_;
  rows.srcPitch = size_t{1} << 31;
  rows.dstPitch = rows.WidthInBytes = 4;
  rows.Height = 1;
  EXPECT_EQ(cuMemcpy2DAsync(&rows, a_), CUDA_ERROR_INVALID_VALUE);
  rows.srcPitch = 2; // and rows do not overlap
  EXPECT_EQ(cuMemcpy2DAsync(&rows, a_), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(FakeDriver, CopiesAndFillsRows) {
  std::vector<unsigned> data(words);
  std::iota(data.begin(), data.end(), 0);
  ASSERT_EQ(cuMemcpyHtoD(x_, data.data(), words * 4), CUDA_SUCCESS);
  // Columns 1 and 2 of a 2 x 4 matrix.
  CUDA_MEMCPY2D rows = {};
  rows.srcMemoryType = rows.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  rows.srcDevice = x_;
  rows.srcXInBytes = 4;
  rows.srcPitch = 16;
  rows.dstDevice = y_;
  rows.dstPitch = 8;
  rows.WidthInBytes = 8;
  rows.Height = 2;
  ASSERT_EQ(cuMemcpy2DAsync(&rows, a_), CUDA_SUCCESS);
  ASSERT_EQ(cuMemsetD2D32Async(x_, 16, 9, 1, 2, a_), CUDA_SUCCESS);
  std::vector<unsigned> x(words), y(4);
  ASSERT_EQ(cuMemcpyDtoHAsync(x.data(), x_, words * 4, a_), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoHAsync(y.data(), y_, 16, a_), CUDA_SUCCESS);
  EXPECT_THAT(x, ElementsAre(9, 1, 2, 3, 9, 5, 6, 7));
  EXPECT_THAT(y, ElementsAre(1, 2, 5, 6));
}

TEST_F(FakeDriver, TheLegacyStreamWaitsForBlockingStreams) {
  CUstream blocking = nullptr;
  ASSERT_EQ(cuStreamCreate(&blocking, CU_STREAM_DEFAULT), CUDA_SUCCESS);
  ASSERT_EQ(put(y_, 5, blocking), CUDA_SUCCESS);
  ASSERT_EQ(add(x_, y_, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(add(x_, x_, blocking), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(blocking), CUDA_SUCCESS);
  EXPECT_EQ(read(x_), 10u);
  ASSERT_EQ(cuStreamDestroy(blocking), CUDA_SUCCESS);
}

TEST_F(FakeDriver, ReplaysAGraph) {
  for (uint64_t order : {0, 1, 2, 3}) {
    setOrder(order);
    ASSERT_EQ(put(x_, 0, a_), CUDA_SUCCESS);
    beginForked();
    unsigned *untouched = wordsAt(y_);
    *untouched = 77;
    ASSERT_EQ(put(y_, 3, b_), CUDA_SUCCESS);
    ASSERT_EQ(cuEventRecord(joined_, b_), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamWaitEvent(a_, joined_, 0), CUDA_SUCCESS);
    ASSERT_EQ(add(x_, y_, a_), CUDA_SUCCESS);
    CUgraph graph = nullptr;
    ASSERT_EQ(cuStreamEndCapture(a_, &graph), CUDA_SUCCESS);
    CUgraphExec exec = nullptr;
    ASSERT_EQ(cuGraphInstantiate(&exec, graph, 0), CUDA_SUCCESS);
    ASSERT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
    ASSERT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
    EXPECT_EQ(*untouched, 77u) << "a capture runs nothing";
    for (unsigned i = 1; i <= 3; ++i) {
      ASSERT_EQ(cuGraphLaunch(exec, a_), CUDA_SUCCESS);
      EXPECT_EQ(read(x_), 3 * i);
    }
    ASSERT_EQ(cuGraphExecDestroy(exec), CUDA_SUCCESS);
  }
}

TEST_F(FakeDriver, AGraphIsDestroyedWhenItHasRun) {
  expectsReports_ = true;
  ASSERT_EQ(cuStreamBeginCapture(a_, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_SUCCESS);
  ASSERT_EQ(put(x_, 3, a_), CUDA_SUCCESS);
  CUgraph graph = nullptr;
  ASSERT_EQ(cuStreamEndCapture(a_, &graph), CUDA_SUCCESS);
  for (bool waits : {true, false}) {
    CUgraphExec exec = nullptr;
    ASSERT_EQ(cuGraphInstantiate(&exec, graph, 0), CUDA_SUCCESS);
    ASSERT_EQ(cuGraphLaunch(exec, a_), CUDA_SUCCESS);
    if (waits) {
      ASSERT_EQ(cuStreamSynchronize(a_), CUDA_SUCCESS);
    }
    ASSERT_EQ(cuGraphExecDestroy(exec), CUDA_SUCCESS);
    EXPECT_EQ(takeReports().size(), waits ? 0u : 1u);
  }
  ASSERT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
}

TEST_F(FakeDriver, RefusesWhatCapturesForbid) {
  // Work of b that does not come back to a.
  beginForked();
  ASSERT_EQ(put(y_, 3, b_), CUDA_SUCCESS);
  EXPECT_EQ(endCapture(a_), CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
  // The end on another stream.
  beginForked();
  EXPECT_EQ(endCapture(b_), CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
  EXPECT_EQ(endCapture(a_), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  // Waiting on the host; afterwards the capture is broken.
  beginForked();
  EXPECT_EQ(cuStreamSynchronize(b_), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  EXPECT_EQ(put(x_, 1, a_), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  EXPECT_EQ(endCapture(a_), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  beginForked();
  EXPECT_EQ(cuCtxSynchronize(), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  EXPECT_EQ(endCapture(a_), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  // Allocation.
  beginForked();
  CUdeviceptr z = 0;
  EXPECT_EQ(cuMemAlloc(&z, 4), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  EXPECT_EQ(endCapture(a_), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  ASSERT_EQ(cuStreamBeginCapture(a_, CU_STREAM_CAPTURE_MODE_RELAXED), CUDA_SUCCESS);
  EXPECT_EQ(cuMemAlloc(&z, 4), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFree(z), CUDA_SUCCESS);
  EXPECT_EQ(endCapture(a_), CUDA_SUCCESS);
  // Events from outside, of another capture, and queries of captured ones.
  ASSERT_EQ(cuEventRecord(joined_, b_), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamBeginCapture(a_, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamWaitEvent(a_, joined_, 0), CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
  EXPECT_EQ(endCapture(a_), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  ASSERT_EQ(cuStreamBeginCapture(a_, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamBeginCapture(b_, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_SUCCESS);
  ASSERT_EQ(cuEventRecord(forked_, a_), CUDA_SUCCESS);
  EXPECT_EQ(cuEventQuery(forked_), CUDA_ERROR_CAPTURED_EVENT);
  EXPECT_EQ(cuStreamWaitEvent(b_, forked_, 0), CUDA_ERROR_STREAM_CAPTURE_MERGE);
  EXPECT_EQ(endCapture(a_), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  EXPECT_EQ(endCapture(b_), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  // States.
  EXPECT_EQ(endCapture(a_), CUDA_ERROR_ILLEGAL_STATE);
  EXPECT_EQ(cuStreamBeginCapture(nullptr, CU_STREAM_CAPTURE_MODE_GLOBAL),
            CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  ASSERT_EQ(cuStreamBeginCapture(a_, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamBeginCapture(a_, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_ERROR_ILLEGAL_STATE);
  std::thread([&] {
    cuCtxSetCurrent(context_);
    EXPECT_EQ(endCapture(a_), CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD);
  }).join();
  EXPECT_EQ(endCapture(a_), CUDA_SUCCESS);
}

TEST_F(FakeDriver, AnEventOfACaptureStandsForNothingOutsideOfIt) {
  beginForked();
  ASSERT_EQ(cuEventRecord(joined_, b_), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamWaitEvent(a_, joined_, 0), CUDA_SUCCESS);
  EXPECT_EQ(endCapture(a_), CUDA_SUCCESS);
  EXPECT_EQ(cuEventQuery(joined_), CUDA_ERROR_CAPTURED_EVENT);
  EXPECT_EQ(cuStreamWaitEvent(b_, joined_, 0), CUDA_ERROR_CAPTURED_EVENT);
  // In another capture neither.
  ASSERT_EQ(cuStreamBeginCapture(a_, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamWaitEvent(a_, joined_, 0), CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
  EXPECT_EQ(endCapture(a_), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  ASSERT_EQ(cuEventRecord(joined_, b_), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamWaitEvent(a_, joined_, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(a_), CUDA_SUCCESS);
}

TEST_F(FakeDriver, QueriesOfEventsBreakACapture) {
  ASSERT_EQ(cuEventRecord(joined_, b_), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamBeginCapture(a_, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
  std::thread([&] {
    cuCtxSetCurrent(context_);
    EXPECT_NE(cuEventQuery(joined_), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  }).join();
  EXPECT_EQ(put(x_, 1, a_), CUDA_SUCCESS);
  EXPECT_EQ(cuEventQuery(joined_), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  EXPECT_EQ(endCapture(a_), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
}

TEST_F(FakeDriver, FailsOfAKernelStick) {
  expectsReports_ = true;
  ASSERT_EQ(put(x_ + 4, 1, a_), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(a_), CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_THAT(takeReports(), ElementsAre(HasSubstr("behind the end of allocation")));
  EXPECT_EQ(cuMemsetD32Async(x_, 0, 1, a_), CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_EQ(cuStreamSynchronize(b_), CUDA_ERROR_ILLEGAL_ADDRESS);
  reset();
  EXPECT_EQ(put(x_ + 2, 1, a_), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(a_), CUDA_ERROR_MISALIGNED_ADDRESS);
}

TEST_F(FakeDriver, FailsTheLaunchThatIsToFail) {
  expectsReports_ = true;
  failLaunch(2);
  ASSERT_EQ(put(x_, 1, a_), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(a_), CUDA_SUCCESS);
  ASSERT_EQ(put(x_, 2, a_), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(a_), CUDA_ERROR_LAUNCH_FAILED);
}

TEST_F(FakeDriver, WantsPrioritiesOfCapturedStreamsKept) {
  CUstream urgent = nullptr;
  ASSERT_EQ(cuStreamCreateWithPriority(&urgent, CU_STREAM_NON_BLOCKING, -5), CUDA_SUCCESS);
  std::swap(urgent, b_);
  beginForked();
  ASSERT_EQ(put(x_, 1, a_), CUDA_SUCCESS);
  ASSERT_EQ(put(y_, 2, b_), CUDA_SUCCESS);
  ASSERT_EQ(cuEventRecord(joined_, b_), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamWaitEvent(a_, joined_, 0), CUDA_SUCCESS);
  CUgraph graph = nullptr;
  ASSERT_EQ(cuStreamEndCapture(a_, &graph), CUDA_SUCCESS);
  CUgraphExec exec = nullptr;
  for (bool keeps : {false, true}) {
    ASSERT_EQ(cuGraphInstantiateWithFlags(
                  &exec, graph, keeps ? CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY : 0),
              CUDA_SUCCESS);
    EXPECT_EQ(takeReports().size(), keeps ? 0u : 1u);
    cuGraphExecDestroy(exec);
  }
  cuGraphDestroy(graph);
  std::swap(urgent, b_);
  cuStreamDestroy(urgent);
}

TEST_F(FakeDriver, WhatHangsHoldsOnlyWhatComesAfterIt) {
  for (uint64_t order : {0, 1, 2, 7}) {
    setOrder(order);
    hangLaunch(1);
    ASSERT_EQ(put(x_, 5, a_), CUDA_SUCCESS);
    ASSERT_EQ(cuEventRecord(joined_, a_), CUDA_SUCCESS);
    for (int i = 0; i < 10; ++i)
      EXPECT_EQ(cuStreamQuery(a_), CUDA_ERROR_NOT_READY);
    ASSERT_EQ(put(y_, 6, b_), CUDA_SUCCESS);
    EXPECT_EQ(cuStreamSynchronize(b_), CUDA_SUCCESS);
    EXPECT_EQ(*wordsAt(y_), 6u);
    EXPECT_EQ(cuEventQuery(joined_), CUDA_ERROR_NOT_READY);
    hangLaunch(0);
    endHang();
    EXPECT_EQ(cuStreamSynchronize(a_), CUDA_SUCCESS);
    EXPECT_EQ(*wordsAt(x_), 0u);
  }
}

TEST_F(FakeDriver, ReportsUseAfterFreeAndLeaks) {
  expectsReports_ = true;
  CUdeviceptr z = 0;
  ASSERT_EQ(cuMemAlloc(&z, words * 4), CUDA_SUCCESS);
  ASSERT_EQ(cuMemFree(z), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFree(z), CUDA_ERROR_INVALID_VALUE);
  EXPECT_THAT(takeReports(), ElementsAre(HasSubstr("not allocated")));
  ASSERT_EQ(put(z, 1, a_), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(a_), CUDA_ERROR_ILLEGAL_ADDRESS);
  reset();
  takeReports();
  CUstream gone = nullptr;
  ASSERT_EQ(cuStreamCreate(&gone, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamDestroy(gone), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(gone), CUDA_ERROR_INVALID_HANDLE);
  ASSERT_EQ(cuMemAlloc(&z, 4), CUDA_SUCCESS);
  ASSERT_EQ(cuDevicePrimaryCtxRelease(0), CUDA_SUCCESS);
  EXPECT_THAT(takeReports(),
              ElementsAre("a stream is used that does not exist", "leak: 3 allocations",
                          "leak: 2 streams", "leak: 2 events", "leak: 1 modules"));
  ASSERT_EQ(cuDevicePrimaryCtxRetain(&context_, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemFree(z), CUDA_SUCCESS);
}

TEST_F(FakeDriver, ReportsAllocationBehindTheStart) {
  expectsReports_ = true;
  ASSERT_EQ(cuStreamBeginCapture(a_, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_SUCCESS);
  CUgraph graph = nullptr;
  ASSERT_EQ(cuStreamEndCapture(a_, &graph), CUDA_SUCCESS);
  CUgraphExec exec = nullptr;
  ASSERT_EQ(cuGraphInstantiate(&exec, graph, 0), CUDA_SUCCESS);
  CUdeviceptr z = 0;
  ASSERT_EQ(cuMemAlloc(&z, 4), CUDA_SUCCESS);
  void *pinned = nullptr;
  ASSERT_EQ(cuMemHostAlloc(&pinned, 8, 0), CUDA_SUCCESS);
  EXPECT_THAT(takeReports(), ElementsAre(HasSubstr("after a graph was instantiated: 4 bytes"),
                                         HasSubstr("after a graph was instantiated: 8 bytes")));
  ASSERT_EQ(cuMemFreeHost(pinned), CUDA_SUCCESS);
  ASSERT_EQ(cuMemFree(z), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphExecDestroy(exec), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
}

TEST_F(FakeDriver, HasTheMemoryOfAnH200) {
  size_t free = 0, total = 0, after = 0;
  ASSERT_EQ(cuMemGetInfo(&free, &total), CUDA_SUCCESS);
  EXPECT_EQ(total, 143771ull << 20);
  CUdeviceptr z = 0;
  EXPECT_EQ(cuMemAlloc(&z, free + 1), CUDA_ERROR_OUT_OF_MEMORY);
  ASSERT_EQ(cuMemAlloc(&z, size_t{1} << 30), CUDA_SUCCESS);
  ASSERT_EQ(cuMemGetInfo(&after, &total), CUDA_SUCCESS);
  EXPECT_EQ(free - after, size_t{1} << 30);
  ASSERT_EQ(cuMemFree(z), CUDA_SUCCESS);
}

TEST_F(FakeDriver, ChecksSharedMemoryOfLaunches) {
  CUfunction shared = function("shared");
  int value = 0;
  ASSERT_EQ(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, shared), CUDA_SUCCESS);
  EXPECT_EQ(value, 1024);
  void *parameters[] = {&x_};
  auto launch = [&](unsigned bytes, unsigned threads) {
    return cuLaunchKernel(shared, 1, 1, 1, threads, 1, 1, bytes, a_, parameters, nullptr);
  };
  EXPECT_EQ(launch(47 * 1024, 1), CUDA_SUCCESS);
  EXPECT_EQ(launch(47 * 1024 + 1, 1), CUDA_ERROR_INVALID_VALUE);
  auto allow = [&](int bytes) {
    return cuFuncSetAttribute(shared, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes);
  };
  EXPECT_EQ(allow(227 * 1024), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(allow(226 * 1024), CUDA_SUCCESS);
  EXPECT_EQ(launch(226 * 1024, 1), CUDA_SUCCESS);
  EXPECT_EQ(launch(0, 1025), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamSynchronize(a_), CUDA_SUCCESS);
  // Less than a graph may hold a launch of.
  expectsReports_ = true;
  EXPECT_EQ(allow(100 * 1024), CUDA_SUCCESS);
  EXPECT_THAT(takeReports(), ElementsAre(HasSubstr("'shared' may have less shared memory")));
}

TEST_F(FakeDriver, ManyThreadsNeedABoundOnRegisters) {
  expectsReports_ = true;
  auto launch = [&](const char *name, unsigned threads) {
    void *parameters[] = {&x_};
    return cuLaunchKernel(function(name), 1, 1, 1, threads, 1, 1, 0, a_, parameters, nullptr);
  };
  EXPECT_EQ(launch("shared", 256), CUDA_SUCCESS);
  EXPECT_EQ(launch("shared", 257), CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
  EXPECT_THAT(takeReports(), ElementsAre(HasSubstr("'shared' has more threads")));
  EXPECT_EQ(launch("many", 512), CUDA_SUCCESS);
  EXPECT_EQ(launch("many", 513), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamSynchronize(a_), CUDA_SUCCESS);
}

TEST_F(FakeDriver, RefusesPtxThatIsNewerThanItself) {
  CUmodule module = nullptr;
  EXPECT_EQ(cuModuleLoadData(&module, ".version 99.9\n.target sm_90\n.address_size 64\n"),
            CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
}

TEST_F(FakeDriver, LogsWhatIsWrongWithPtx) {
  expectsReports_ = true;
  char log[256] = {};
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
  CUmodule broken = nullptr;
  EXPECT_EQ(cuModuleLoadDataEx(&broken, "nonsense", 2, options, values), CUDA_ERROR_INVALID_PTX);
  EXPECT_STREQ(log, "ptx line 1: unknown directive 'nonsense'");
  CUfunction none = nullptr;
  EXPECT_EQ(cuModuleGetFunction(&none, module_, "none"), CUDA_ERROR_NOT_FOUND);
}

TEST_F(FakeDriver, NeedsAContext) {
  ASSERT_EQ(cuCtxSetCurrent(nullptr), CUDA_SUCCESS);
  CUdeviceptr z = 0;
  EXPECT_EQ(cuMemAlloc(&z, 4), CUDA_ERROR_INVALID_CONTEXT);
  // What gives back does, too.
  EXPECT_EQ(cuMemFree(x_), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuStreamDestroy(a_), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuEventDestroy(forked_), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuModuleUnload(module_), CUDA_ERROR_INVALID_CONTEXT);
  ASSERT_EQ(cuCtxSetCurrent(context_), CUDA_SUCCESS);
  const char *name = nullptr;
  ASSERT_EQ(cuGetErrorName(CUDA_ERROR_INVALID_CONTEXT, &name), CUDA_SUCCESS);
  EXPECT_STREQ(name, "CUDA_ERROR_INVALID_CONTEXT");
  void *found = nullptr;
  EXPECT_EQ(cuGetProcAddress("cuMemAlloc", &found, 13000, 0, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(found, reinterpret_cast<void *>(&cuMemAlloc));
  EXPECT_EQ(cuGetProcAddress("cuNothing", &found, 13000, 0, nullptr), CUDA_ERROR_NOT_FOUND);
}

} // namespace
} // namespace tpc::fake_gpu
