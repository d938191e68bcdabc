//===- Tiling.cpp - How the rows of a kernel are cut -----------------------------------===//
#include "compiler/codegen/Tiling.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tpc::codegen {

/// Data that one tile touches: large enough to hide a call, small enough to spread over threads
/// and to stay in the second-level cache.
constexpr int64_t kTileBytes = 64 * 1024;
/// Partial sums over rows are at most this many.
constexpr int64_t kMostBlocks = 64;
/// What a row's element counts for where rows are cut into blocks that are summed.
constexpr int64_t kSummedElementBytes = 8;

bool isSum(const Store &store) {
  return store.kind == Store::SumRows || store.kind == Store::SumAll;
}

const Store *scatterOf(const BodyGraph &graph) {
  for (const Store &store : graph.stores())
    if (store.kind == Store::ScatterRow)
      return &store;
  return nullptr;
}

Tiling tile(const BodyGraph &graph) {
  const Domain &domain = graph.domain();
  Tiling tiling;
  int64_t rows = domain.rows;
  int64_t rowBytes = 0;
  if (const Store *scatter = scatterOf(graph)) {
    // Tiles are rows of the table: each looks at all rows and adds those that fall into its part.
    const KernelTensor &table = graph.tensors()[graph.numInputs() + scatter->result];
    rows = table.shape.front();
    tiling.rowsPerTile = std::max<int64_t>(1, llvm::divideCeil(rows, kMostBlocks));
    tiling.tiles = llvm::divideCeil(rows, tiling.rowsPerTile);
    return tiling;
  }
  for (const KernelTensor &tensor : graph.tensors())
    if (tensor.element && tensor.elements >= domain.elements) // an index input has none
      rowBytes += domain.columns * bytesOf(tensor.element);
  // How rows are summed in blocks is the same whatever else the kernel does.
  if (llvm::any_of(graph.stores(), isSum))
    rowBytes = domain.columns * kSummedElementBytes;
  tiling.rowsPerTile = std::clamp<int64_t>(kTileBytes / std::max<int64_t>(rowBytes, 1), 1, rows);
  for (const Store &store : graph.stores())
    if (store.kind == Store::SumRows)
      tiling.rowsPerTile = std::max(tiling.rowsPerTile, llvm::divideCeilSigned(rows, kMostBlocks));
  tiling.tiles = llvm::divideCeil(rows, tiling.rowsPerTile);
  for (const Store &store : graph.stores()) {
    tiling.sumOffset.push_back(tiling.workspaceBytes);
    if (!isSum(store))
      continue;
    int64_t width = store.kind == Store::SumRows ? domain.columns : 1;
    int64_t bytes = tiling.tiles * width * bytesOf(store.value.getType());
    tiling.workspaceBytes += llvm::alignTo(bytes, kCacheLine);
  }
  return tiling;
}

bool hasStore(const BodyGraph &graph, Store::Kind kind) {
  return llvm::any_of(graph.stores(), [&](const Store &store) { return store.kind == kind; });
}

} // namespace tpc::codegen
