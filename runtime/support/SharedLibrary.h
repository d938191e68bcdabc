//===- SharedLibrary.h - Libraries that are opened when they are first needed --------------===//
//
// What a machine may lack is not linked: the driver, cuBLASLt, cuDNN and NCCL are opened by name. A
// library stays open until the process ends, because the CUDA libraries keep threads and state that
// don't survive their code.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <span>
#include <string>
#include <vector>

namespace tpc {

class SharedLibrary {
public:
  /// Opens `name` ("libcudnn.so.9"): first as the dynamic loader finds it, which looks at
  /// LD_LIBRARY_PATH, then in librarySearchFolders(). Unavailable if it is nowhere or can't be
  /// opened; `purpose` says in the error what it is for ("attention in bf16").
  static Result<SharedLibrary> open(const std::string &name, const std::string &purpose);

  /// Null if the library has no such symbol.
  void *symbol(const char *name) const;
  /// The file that was opened, as the loader names it.
  std::string path() const;

private:
  explicit SharedLibrary(void *handle) : handle_(handle) {}
  void *handle_;
};

/// Where CUDA's libraries may lie beside the loader's own folders, nearest first: below CUDA_HOME
/// and CUDA_PATH, in the packages `nvidia/*/lib` of the Python environment that is active or whose
/// python3 is first on PATH, and below /usr/local/cuda. Only folders that exist.
std::vector<std::string> librarySearchFolders();

/// A name, and the pointer to a function that it is to fill: {"cudnnCreate", &table.create}.
struct LibrarySymbol {
  const char *name;
  void *target;
};
/// Unavailable names the first function that the library lacks.
Status bindSymbols(const SharedLibrary &library, std::span<const LibrarySymbol> symbols);

} // namespace tpc
