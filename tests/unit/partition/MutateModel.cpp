//===- MutateModel.cpp - The mutants of any model ------------------------------------------===//
//
// Usage: mutate_model MODEL OPTIONS [REPLACE_EVERY]
//
// OPTIONS are those of tpc-shard; of replacements of an operand or a symbol every n-th is tried.
// Prints the report; the exit status is 0 if every mutant was refused and said where, 3 if not, and
// 1 if the model has no proved local programs.
//
//===---------------------------------------------------------------------------------------===//
#include "Mutate.h"
#include "SolvedModel.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

using namespace mlir;
using namespace tpc;

int main(int argc, char **argv) {
  if (argc < 3) {
    std::cerr << "usage: mutate_model MODEL OPTIONS [REPLACE_EVERY]\n";
    return 2;
  }
  MLIRContext context;
  prepareContext(context);
  auto model = parseSourceFile<ModuleOp>(argv[1], &context);
  if (!model)
    return 1;
  FailureOr<SolvedModel> solved = solveModel(std::move(model), "", argv[2]);
  if (failed(solved))
    return 1;
  unsigned replaceEvery = argc > 3 ? std::max(1, std::atoi(argv[3])) : 1;
  MutationReport report =
      mutate(*solved->sharded, *solved->local, /*wholeEvery=*/101, replaceEvery);
  std::cout << report.str();
  return report.survivors.empty() && report.complaints.empty() ? 0 : 3;
}
