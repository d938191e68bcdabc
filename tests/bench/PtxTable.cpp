//===- PtxTable.cpp - Registers and accesses of a model's kernels on GPUs --------------------===//
//
// ptx_table MODEL.mlir [options of tpc compile]: one line per generated function, as Markdown.
//
//===---------------------------------------------------------------------------------------===//
#include "tests/unit/codegen/PtxReport.h"

#include <cstdio>

using namespace tpc::codegen;

static std::string accesses(const std::map<unsigned, unsigned> &counts) {
  std::string text;
  for (auto [bytes, count] : counts)
    text += (text.empty() ? "" : " + ") + std::to_string(count) + " x " + std::to_string(bytes);
  return text;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: ptx_table MODEL.mlir [options of tpc compile]\n");
    return 2;
  }
  std::optional<std::string> ptxas = findPtxas();
  if (!ptxas) {
    std::fprintf(stderr, "error: ptxas was not found\nhint: it is part of the CUDA toolkit\n");
    return 5;
  }
  std::vector<PtxFunction> functions = reportKernels({argv + 1, argv + argc}, ptxas);
  std::printf("| function | threads | registers | spilled | shared | loads | stores |\n"
              "|---|---|---|---|---|---|---|\n");
  for (const PtxFunction &function : functions)
    std::printf("| `%s` | %u | %u | %u | %u | %s | %s |\n", function.name.c_str(), function.threads,
                function.registers, function.spilledBytes, function.sharedBytes,
                accesses(function.loads).c_str(), accesses(function.stores).c_str());
  return functions.empty() ? 1 : 0;
}
