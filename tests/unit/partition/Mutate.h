//===- Mutate.h - Wrong programs, made of a right one --------------------------------------===//
//
// A proof is worth what it refuses. The engine makes, of a right local program, every program that
// differs from it by one small mistake, and asks of each whether the verifier or the proof sees it.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tpc {

struct MutationCount {
  int total = 0, byVerifier = 0, byProof = 0;
};

struct MutationReport {
  std::map<std::string, MutationCount> classes;
  std::vector<std::string> survivors;

  std::string str() const;
};

/// All mutants of `local`, each verified and proved against `global`. Of the replacements of an
/// operand or a symbol by another one, which grow with the square of the program, every
/// `replaceEvery`-th.
MutationReport mutate(mlir::ModuleOp global, mlir::ModuleOp local, unsigned replaceEvery = 1);

} // namespace tpc
