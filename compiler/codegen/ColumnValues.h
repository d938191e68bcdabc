//===- ColumnValues.h - What depends on the column alone, and is long to compute -----------===//
#pragma once

#include "compiler/codegen/BodyGraph.h"

#include "llvm/ADT/SetVector.h"

namespace tpc::codegen {

/// Float values that are the same in every row and take long (the frequencies of rope), so that a
/// table of them pays: the largest such values, in the order in which stores reach them; none if
/// there is one row only, or if their table of `domain().columns` entries would exceed `mostBytes`.
llvm::SmallSetVector<mlir::Value, 4> findColumnValues(const BodyGraph &graph, int64_t mostBytes);

} // namespace tpc::codegen
