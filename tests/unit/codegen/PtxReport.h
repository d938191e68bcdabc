//===- PtxReport.h - The PTX of a model's kernels, and what ptxas says of it ---------------===//
//
// For the test of all models, and for the program that prints a table.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tpc::codegen {

/// One function of PTX.
struct PtxFunction {
  std::string name;
  int64_t blocks = 0;
  unsigned threads = 0;     ///< of a block
  unsigned sharedBytes = 0; ///< that the launch gives
  /// Loads from and stores to global memory in the text, by their bytes.
  std::map<unsigned, unsigned> loads, stores;
  // Of ptxas, if it was found.
  unsigned registers = 0;
  unsigned spilledBytes = 0, stackBytes = 0;
};

/// The path of ptxas: on PATH, or in CUDA's usual folder; nothing if it is not there.
std::optional<std::string> findPtxas();

/// The different functions of a model's kernels; `arguments` are those of `tpc compile`. Fails the
/// present test if the model does not compile, or if ptxas refuses its code.
std::vector<PtxFunction> reportKernels(const std::vector<std::string> &arguments,
                                       const std::optional<std::string> &ptxas);

} // namespace tpc::codegen
