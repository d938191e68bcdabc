//===- CudaDriver.h - The functions of the driver that are used ------------------------------===//
//
// The driver's library is opened when the first plan for cuda runs. Names are those of CUDA 12, so
// that a driver as old as that has all of them.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cuda.h>

namespace tpc::cuda {

struct Driver {
  CUresult (*init)(unsigned);
  CUresult (*driverVersion)(int *);
  CUresult (*errorName)(CUresult, const char **);
  CUresult (*errorString)(CUresult, const char **);

  CUresult (*deviceCount)(int *);
  CUresult (*deviceGet)(CUdevice *, int);
  CUresult (*deviceName)(char *, int, CUdevice);
  CUresult (*deviceAttribute)(int *, CUdevice_attribute, CUdevice);
  CUresult (*retainContext)(CUcontext *, CUdevice);
  CUresult (*releaseContext)(CUdevice);
  CUresult (*setContext)(CUcontext);
  CUresult (*streamPriorities)(int *least, int *greatest);

  CUresult (*allocate)(CUdeviceptr *, size_t);
  CUresult (*free)(CUdeviceptr);
  CUresult (*allocateHost)(void **, size_t, unsigned flags);
  CUresult (*freeHost)(void *);
  CUresult (*memoryInfo)(size_t *free, size_t *total);
  CUresult (*setBytes)(CUdeviceptr, unsigned char, size_t, CUstream);
  CUresult (*setRows16)(CUdeviceptr, size_t pitch, unsigned short, size_t width, size_t height,
                        CUstream);
  CUresult (*setRows32)(CUdeviceptr, size_t pitch, unsigned, size_t width, size_t height, CUstream);
  CUresult (*set16)(CUdeviceptr, unsigned short, size_t, CUstream);
  CUresult (*set32)(CUdeviceptr, unsigned, size_t, CUstream);
  CUresult (*upload)(CUdeviceptr, const void *, size_t, CUstream);
  CUresult (*download)(void *, CUdeviceptr, size_t, CUstream);
  CUresult (*copy)(CUdeviceptr, CUdeviceptr, size_t, CUstream);
  CUresult (*copyRows)(const CUDA_MEMCPY2D *, CUstream);

  CUresult (*loadModule)(CUmodule *, const void *, unsigned, CUjit_option *, void **);
  CUresult (*unloadModule)(CUmodule);
  CUresult (*moduleFunction)(CUfunction *, CUmodule, const char *);
  CUresult (*functionAttribute)(int *, CUfunction_attribute, CUfunction);
  CUresult (*setFunctionAttribute)(CUfunction, CUfunction_attribute, int);
  CUresult (*launch)(CUfunction, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                     unsigned blockY, unsigned blockZ, unsigned sharedBytes, CUstream, void **,
                     void **);

  CUresult (*createStream)(CUstream *, unsigned flags, int priority);
  CUresult (*destroyStream)(CUstream);
  CUresult (*queryStream)(CUstream);
  CUresult (*waitForEvent)(CUstream, CUevent, unsigned);
  CUresult (*createEvent)(CUevent *, unsigned);
  CUresult (*destroyEvent)(CUevent);
  CUresult (*recordEvent)(CUevent, CUstream);
  CUresult (*queryEvent)(CUevent);
  CUresult (*milliseconds)(float *, CUevent, CUevent);

  CUresult (*beginCapture)(CUstream, CUstreamCaptureMode);
  CUresult (*endCapture)(CUstream, CUgraph *);
  CUresult (*instantiate)(CUgraphExec *, CUgraph, unsigned long long);
  CUresult (*destroyGraph)(CUgraph);
  CUresult (*destroyExec)(CUgraphExec);
  CUresult (*launchGraph)(CUgraphExec, CUstream);

  /// The driver of this machine, opened and initialised by the first call. Unavailable without a
  /// driver or a GPU.
  static Result<const Driver *> get();

  /// "cuMemAlloc: out of memory (CUDA_ERROR_OUT_OF_MEMORY)" as a status, or ok. What work on the
  /// GPU failed with is said by the next call, whichever it is; the status says that, then.
  Status check(CUresult result, const char *what) const;
  /// What work on the GPU has failed with, as `what` says after it, or ok. For libraries, which
  /// have few words of their own for it.
  Status failureOfWork(CUstream stream, const char *what) const;
};

} // namespace tpc::cuda
