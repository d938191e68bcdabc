//===- Tiling.h - How the rows of a kernel are cut -------------------------------------===//
//
// A function of the graph alone, so that the bits of sums do not depend on threads.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/BodyGraph.h"
#include "compiler/codegen/Codegen.h"

namespace tpc::codegen {

/// Columns that one tile of the second stage adds up.
constexpr int64_t kSumColumns = 1024;
constexpr int64_t kCacheLine = 64;

inline int64_t bytesOf(mlir::Type element) { return element.getIntOrFloatBitWidth() / 8; }

/// How rows are cut, and where partial sums lie in the workspace.
struct Tiling {
  int64_t rowsPerTile = 1, tiles = 1;
  int64_t workspaceBytes = 0;
  llvm::SmallVector<int64_t> sumOffset; ///< of each store that is a sum, bytes
};

Tiling tile(const BodyGraph &graph);

/// The functions that a graph needs, their tiles and operands, without their code. `sharing` holds
/// (result, input) pairs whose memory is one.
GeneratedKernel outline(const BodyGraph &graph, llvm::ArrayRef<SharedMemory> sharing,
                        llvm::StringRef name, Target target);

bool isSum(const Store &store);
bool hasStore(const BodyGraph &graph, Store::Kind kind);
/// The graph's scatter, or null.
const Store *scatterOf(const BodyGraph &graph);

} // namespace tpc::codegen
