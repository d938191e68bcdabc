//===- OpenBlas.cpp - OpenBLAS, loaded when first needed -----------------------------------===//
#include "runtime/device/cpu/OpenBlas.h"

#include <cstdlib>
#include <dlfcn.h>

namespace tpc {

template <typename Function> static bool find(void *library, const char *name, Function &function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

static Result<OpenBlas> loadOpenBlas() {
  // Read once while the library loads: without it one thread per core starts, only to sleep.
  setenv("OPENBLAS_NUM_THREADS", "1", /*overwrite=*/1);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return Status(Code::Unavailable, std::string("cannot load OpenBLAS: ") + dlerror(),
                  "install it (Debian and Ubuntu: libopenblas0-pthread), or put the folder of "
                  "libopenblas.so.0 on LD_LIBRARY_PATH");
  OpenBlas blas;
  void (*setThreads)(int) = nullptr;
  if (!find(library, "cblas_sgemm", blas.sgemm) || !find(library, "cblas_dgemm", blas.dgemm) ||
      !find(library, "openblas_set_num_threads", setThreads))
    return Status(Code::Unavailable, "libopenblas.so.0 lacks the CBLAS interface",
                  "install an OpenBLAS built with CBLAS and 32-bit integers");
  setThreads(1);
  return blas;
}

Result<const OpenBlas *> OpenBlas::get() {
  static const Result<OpenBlas> loaded = loadOpenBlas();
  if (!loaded.ok())
    return loaded.status();
  return &*loaded;
}

} // namespace tpc
