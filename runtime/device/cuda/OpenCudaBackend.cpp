//===- OpenCudaBackend.cpp - Loads libtpc_cuda.so ---------------------------------------------===//
#include "runtime/device/cuda/CudaBackend.h"

#include "runtime/support/SharedLibrary.h"

#include <filesystem>

using namespace tpc;
namespace fs = std::filesystem;

/// Beside the program, or in the lib beside its bin.
static Result<std::string> findLibrary() {
  std::error_code error;
  fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path &place : {folder, folder.parent_path() / "lib"})
    if (fs::path file = place / "libtpc_cuda.so"; fs::exists(file, error))
      return file.string();
  return Status(Code::Unavailable,
                "a plan for cuda needs libtpc_cuda.so, which is neither in '" + folder.string() +
                    "' nor in the lib beside it",
                "it is built where CMake finds the CUDA toolkit's headers (CUDA_HOME)");
}

Result<std::unique_ptr<CudaBackend>> tpc::openCudaBackend(const CudaOptions &options) {
  TPC_ASSIGN_OR_RETURN(std::string path, findLibrary());
  TPC_ASSIGN_OR_RETURN(SharedLibrary library, SharedLibrary::open(path, "a plan for cuda"));
  auto create = reinterpret_cast<CreateCudaBackend>(library.symbol(kCudaBackendSymbol));
  if (!create)
    return Status(Code::Unavailable, "'" + path + "' is of another version of tpc",
                  "build it together with the program");
  Result<std::unique_ptr<CudaBackend>> result(Status(Code::Internal, "no backend was made"));
  create(&options, &result);
  return result;
}
