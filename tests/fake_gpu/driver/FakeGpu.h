//===- FakeGpu.h - What the fake driver says beyond cuda.h ---------------------------------===//
//
// libcuda.so.1 of this folder has the functions of cuda.h, and these. Environment:
//
//   TPC_FAKE_GPU_DEVICES      how many GPUs there are: 1, or 0
//   TPC_FAKE_GPU_DRIVER       the driver's version, 12040 of CUDA 12.4 (that of cuda.h)
//   TPC_FAKE_GPU_MEMORY       bytes of a GPU's memory (an H200's)
//   TPC_FAKE_GPU_ORDER        in which order work runs that nothing orders: 0 as it was enqueued; 1
//   (the
//                             default) and 2 prefer the youngest and the oldest stream; others are
//                             seeds of random orders
//   TPC_FAKE_GPU_FAIL_LAUNCH  the n-th launch of a kernel fails when it runs
//   TPC_FAKE_GPU_HANG_LAUNCH  the n-th launch of a kernel never ends
//   TPC_FAKE_GPU_STRICT       1: in a kernel, reads that race with writes are errors, too
//   TPC_FAKE_GPU_REPORT       a file to which reports are appended, too
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cuda.h>

#include <functional>
#include <string>
#include <vector>

namespace tpc::fake_gpu {

/// Work of a library: enqueued on a stream like a kernel (and captured like one). It is called once
/// per execution, and says "" or what went wrong.
CUresult enqueue(CUstream stream, std::string name, std::function<std::string()> work);

/// "" if [address, address + bytes) is allocated, or a sentence. For the work of a library.
std::string checkMemory(CUdeviceptr address, size_t bytes);

/// Where the host finds what lies at an address of the GPU, which it cannot touch itself. Null if
/// nothing lies there.
void *hostView(CUdeviceptr address);

/// What was reported so far (one sentence each): failed kernels, use of what was destroyed, memory
/// allocated after a graph was instantiated, leaks.
std::vector<std::string> takeReports();

/// What there is now.
struct InUse {
  size_t graphs;            ///< instantiated
  size_t pinned;            ///< allocations
  uint64_t ordinaryUploads; ///< since the start, from host memory that is not pinned
  bool isIdle;              ///< nothing is enqueued that has not run
};
InUse inUse();

/// As TPC_FAKE_GPU_ORDER, TPC_FAKE_GPU_FAIL_LAUNCH and TPC_FAKE_GPU_HANG_LAUNCH (counted from now
/// on; 0: none).
void setOrder(uint64_t order);
void failLaunch(uint64_t number);
void hangLaunch(uint64_t number);
/// What hangs ends, without having done anything.
void endHang();
/// Forgets a sticky error, as the end of a process does.
void reset();

} // namespace tpc::fake_gpu
