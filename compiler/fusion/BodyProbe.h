//===- BodyProbe.h - How an op's body reads its operands -----------------------------------===//
//
// Fusion asks the bodies themselves what they do, so that it knows no op by name.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace tpc {

/// How an op reads an operand; later ones include what earlier ones can see.
enum class Access : uint8_t {
  None,     ///< its shape alone
  Point,    ///< at the current point (or a suffix of it)
  Row,      ///< one number for the current row
  Elsewhere ///< at other points, so that it must be complete before
};

struct BodyTraits {
  llvm::SmallVector<int64_t> domain;
  llvm::SmallVector<Access> operands;
  bool needsRows = false; ///< has values of a row: rows are all dims but the last
  bool reducesColumns = false;
  bool isExpensive = false; ///< calls an elementary function at each element
  bool scatters = false;
  /// Of a sum: how many dims it sums; they lead, trail, or are all of them.
  unsigned summedDims = 0;
  enum Sum : uint8_t { NoSum, Leading, Trailing, All } sum = NoSum;
};

/// Whether the op becomes a kernel, or a part of one: it has a body, or is tp.mask.
bool isGenerated(mlir::Operation *op);
BodyTraits probe(mlir::Operation *op);

} // namespace tpc
