//===- Gpu.h - The state of the fake GPU ---------------------------------------------------===//
#pragma once

#include "tests/fake_gpu/PtxModule.h"
#include "tests/fake_gpu/driver/WorkQueue.h"

#include <cuda.h>

#include <mutex>
#include <set>
#include <thread>

namespace tpc::fake_gpu {

/// A node of a graph; `after` are indices of earlier nodes.
struct Node {
  std::string name;
  Work work;
  unsigned stream = 0;
  int priority = 0; ///< of the stream
  std::vector<size_t> after;
};
using Nodes = std::vector<Node>;

/// What streams record between cuStreamBeginCapture and cuStreamEndCapture.
struct Capture {
  Nodes nodes;
  CUstream origin = nullptr;
  CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
  std::thread::id thread;
  bool invalidated = false;
};

} // namespace tpc::fake_gpu

struct CUctx_st {};

struct CUstream_st {
  unsigned id = 0, flags = 0;
  int priority = 0;
  tpc::fake_gpu::CommandPtr last;               ///< what was enqueued last
  std::vector<tpc::fake_gpu::CommandPtr> waits; ///< what the next command waits for, besides
  std::shared_ptr<tpc::fake_gpu::Capture> capture;
  std::vector<size_t> captured; ///< nodes that the next node comes after
};

struct CUevent_st {
  unsigned flags = 0;
  tpc::fake_gpu::CommandPtr recorded;
  std::shared_ptr<tpc::fake_gpu::Capture> capture; ///< recorded in it
  std::vector<size_t> nodes;
  bool isCaptured = false; ///< recorded last in a capture, even if that has ended
};

struct CUmod_st {
  std::shared_ptr<tpc::fake_gpu::PtxModule> ptx;
  std::vector<std::unique_ptr<CUfunc_st>> functions;
};

struct CUfunc_st {
  CUmodule module = nullptr;
  std::string name;
  uint32_t dynamicShared = 0; ///< that a launch may ask for
  uint32_t mostLaunched = 0;  ///< that one has asked for
};

struct CUgraph_st {
  std::shared_ptr<const tpc::fake_gpu::Nodes> nodes;
};

struct CUgraphExec_st {
  std::shared_ptr<const tpc::fake_gpu::Nodes> nodes;
  tpc::fake_gpu::CommandPtr last; ///< the end of its last launch
};

namespace tpc::fake_gpu {

/// One mutex guards all of it: calls of the driver lock it for as long as they take.
class Gpu {
public:
  static Gpu &get();
  void end(); ///< says what the process leaves, if it still has its context

  std::recursive_mutex mutex;
  WorkQueue queue;
  CUresult sticky = CUDA_SUCCESS;
  bool initialised = false;
  int contexts = 0; ///< how often the primary context is retained
  CUctx_st context;
  CUstream_st legacyStream; ///< the stream without a handle
  std::set<std::shared_ptr<Capture>> captures;
  bool instantiated = false; ///< a graph was: nothing is allocated any more
  uint64_t failingLaunch = 0, hangingLaunch = 0, launches = 0;
  bool strict = false; ///< reads that race are errors, too
  int driverVersion;   ///< as cuDriverGetVersion says it

  // Memory.
  MemoryMap memory;
  uint64_t capacity, used = 0;
  CUresult allocate(CUdeviceptr *address, size_t bytes);
  CUresult release(CUdeviceptr address);
  bool isAllocated(CUdeviceptr address, size_t bytes) const;
  /// Where the host finds it, or null.
  char *host(CUdeviceptr address) const;

  // Streams.
  /// The stream of a handle, or null if there is none.
  CUstream find(CUstream handle);
  /// Enqueues or captures.
  CUresult enqueue(CUstream handle, std::string name, Work work);
  /// What the stream's work so far ends in.
  CommandPtr tail(CUstream stream);
  CUresult launchGraph(const Nodes &nodes, CUstream stream);
  /// Waits on the host, where something hangs forever (unlocked); a failure is reported and sticks.
  CUresult wait(const CommandPtr &command);
  CUresult settle(const Outcome &outcome);
  /// Of calls that no capture in this mode allows: they break the capture.
  CUresult forbidInCapture();
  CUresult forbidOn(CUstream stream);

  void report(std::string sentence);
  std::vector<std::string> reports;

  // Live handles.
  std::set<CUstream> streams;
  std::set<CUevent> events;
  std::set<CUmodule> modules;
  std::set<CUgraph> graphs;
  std::set<CUgraphExec> execs;
  std::map<void *, size_t> hostMemory; ///< pinned
  uint64_t ordinaryUploads = 0;        ///< copies from host memory that is not pinned
  unsigned nextStream = 1;

  /// Everything that still lives, as reports.
  void reportLeaks();

private:
  Gpu();
  std::map<CUdeviceptr, size_t> allocations_; ///< and their mapped sizes
  unsigned nextAllocation_ = 1;
};

/// Whether this thread made the context current.
bool &hasContext();

/// In front of every call: what it returns if the GPU cannot serve it.
CUresult ready();
/// The same of calls that give something back: they do it after a failure, too.
CUresult readyToRelease();

} // namespace tpc::fake_gpu

/// Locks the GPU and returns from the call if it cannot be served.
#define TPC_ENTER(gpu)                                                                             \
  auto &gpu = tpc::fake_gpu::Gpu::get();                                                           \
  std::lock_guard lock(gpu.mutex);                                                                 \
  if (CUresult ready_ = tpc::fake_gpu::ready(); ready_ != CUDA_SUCCESS)                            \
  return ready_
#define TPC_ENTER_TO_RELEASE(gpu)                                                                  \
  auto &gpu = tpc::fake_gpu::Gpu::get();                                                           \
  std::lock_guard lock(gpu.mutex);                                                                 \
  if (CUresult ready_ = tpc::fake_gpu::readyToRelease(); ready_ != CUDA_SUCCESS)                   \
  return ready_
