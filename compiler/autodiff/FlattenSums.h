//===- FlattenSums.h - One sum of all its products ------------------------------------------===//
#pragma once

#include "mlir/IR/Block.h"

namespace tpc {

/// Where addends of an `nn.add` hold products, and two of them or more do, those that are sums
/// themselves become addends of it.
void flattenSums(mlir::Block &block);

} // namespace tpc
