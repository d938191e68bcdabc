//===- Mutate.h - Wrong programs, made of a right one --------------------------------------===//
//
// A proof is worth what it refuses. The engine makes, of a right local program, every program that
// differs from it by one small mistake, and asks of each whether the verifier or the proof sees it,
// and whether the message names an op that has to do with the mistake.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"

#include <map>
#include <string>
#include <vector>

namespace tpc {

struct MutationCount {
  int total = 0, byVerifier = 0, byProof = 0;
};

struct MutationReport {
  std::map<std::string, MutationCount> kinds;
  int ops = 0, triedAsWhole = 0;
  /// Wrong programs that were proved.
  std::vector<std::string> survivors;
  /// Mutants whose refusal does not say where, or on which the walk and the whole proof differ.
  std::vector<std::string> complaints;

  std::string str() const;
};

/// Tries the mutants of all entries of `local` against `global`. `local` is as before afterwards.
/// The walk of the proof is taken up at the changed op; every n-th mutant is also verified and
/// proved as a whole, and the two must agree. Replacements of an operand or a symbol by another one
/// grow with the square of the program; of those, every n-th is tried.
MutationReport mutate(mlir::ModuleOp global, mlir::ModuleOp local, unsigned wholeEvery = 11,
                      unsigned replaceEvery = 1);

} // namespace tpc
