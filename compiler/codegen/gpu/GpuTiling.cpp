//===- GpuTiling.cpp - How a kernel is cut into blocks and threads -------------------------===//
#include "compiler/codegen/gpu/GpuTiling.h"

#include "compiler/codegen/ColumnValues.h"
#include "compiler/codegen/Tiling.h"
#include "compiler/codegen/gpu/GpuBuilder.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tpc::codegen {

namespace {

constexpr unsigned kPointThreads = 256;
/// Chunks that fill a GPU: from here on a thread takes several.
constexpr int64_t kManyChunks = 1 << 18;
/// Blocks that leave a sum over everything, and groups of elements that a thread adds up.
constexpr int64_t kTotalBlocks = 2048, kMostSteps = 64;
/// Groups that one block adds up alone, which takes no longer than to launch a second stage.
constexpr int64_t kStepsAlone = 4;
/// Threads of a block whose rows take a warp or less.
constexpr unsigned kShortRowThreads = 128;
/// Threads that take part in sums over rows: what a GPU of 132 processors runs at a time, so that
/// all blocks end together. Sums are cheap where few blocks leave some.
constexpr int64_t kSumRowThreads = 1 << 17;
/// Longest row whose elements stay in registers.
constexpr int64_t kUnrolledColumns = 8192;
/// Threads of a longer one: more would have too few registers each.
constexpr unsigned kLongRowThreads = 256;
/// Groups that sums over such rows are cut into.
constexpr int64_t kLongRowGroups = 256;
/// Threads that a processor must have registers for: 255 each where rows lie in them. A thread that
/// loops over a row, or over rows, has few loads under way: many threads hide how long these take,
/// as many as do not spill.
constexpr unsigned kThreadsWithRows = 256, kThreadsOfSums = 1024;
constexpr unsigned kThreadsOfLongRows = 512;
/// Parts of a table that scatters are cut into: each block looks at all tokens, so these are few,
/// but enough to fill a GPU twice.
constexpr int64_t kTableParts = 512;

int64_t powerOfTwoIn(int64_t value) { return value & -value; }

/// Adjacent columns that one access of the narrowest tensor of many elements covers, so that they
/// divide `columns`; at most `most`.
unsigned lanesFor(const BodyGraph &graph, int64_t columns, int64_t most) {
  int64_t bytes = 8;
  for (const KernelTensor &tensor : graph.tensors())
    if (tensor.element && tensor.elements >= graph.domain().elements)
      bytes = std::min(bytes, bytesOf(tensor.element));
  int64_t lanes = std::min(most, kAccessBytes / bytes);
  if (columns > 0)
    lanes = std::min(lanes, powerOfTwoIn(columns));
  return lanes;
}

void tilePoints(const BodyGraph &graph, GpuTiling &tiling) {
  const Domain &domain = graph.domain();
  bool hasColumns =
      llvm::any_of(graph.stores(), [](const Store &store) { return store.level == Level::Column; });
  bool hasTotal = hasStore(graph, Store::SumAll);
  tiling.columns = hasColumns ? domain.columns : 1;
  int64_t elements = hasColumns ? domain.elements : domain.rows;
  if (domain.isFlat) {
    tiling.columns = elements;
    tiling.lanes =
        std::min<int64_t>(lanesFor(graph, 0, kThreadColumns), llvm::PowerOf2Ceil(elements));
  } else {
    // The order of a sum is not a matter of types.
    tiling.lanes = hasTotal ? std::min<int64_t>(4, powerOfTwoIn(tiling.columns))
                            : lanesFor(graph, tiling.columns, kThreadColumns);
  }
  tiling.chunks = elements / tiling.lanes;
  tiling.rest = elements % tiling.lanes;
  for (unsigned pieces : {4u, 2u})
    if (tiling.chunks >= kManyChunks && tiling.chunks % pieces == 0 && tiling.pieces == 1 &&
        (pieces == 2 || tiling.lanes <= 2))
      tiling.pieces = pieces;
  tiling.threads = kPointThreads;
  int64_t work = tiling.chunks / tiling.pieces + tiling.rest;
  if (hasTotal && work <= kPointThreads * kStepsAlone)
    tiling.steps = std::max<int64_t>(1, llvm::divideCeil(work, kPointThreads));
  else if (hasTotal)
    tiling.steps =
        std::clamp<int64_t>(llvm::divideCeil(work, kPointThreads * kTotalBlocks), 1, kMostSteps);
  tiling.blocks = llvm::divideCeil(work, int64_t{kPointThreads} * tiling.steps);
  tiling.sumBlocks = tiling.blocks;
  for (Value value : findColumnValues(graph, kSharedTableBytes))
    tiling.sharedBytes += llvm::alignTo(domain.columns * bytesOf(value.getType()), kAccessBytes);
  if (hasTotal)
    tiling.sharedBytes = std::max<int64_t>(tiling.sharedBytes, tiling.threads / kWarp * 8);
}

/// Rows of a group, of which there are about `groups`: so many that all blocks have as many rows,
/// if twice as many do it.
int64_t rowsPerGroup(int64_t rows, int64_t groups, int64_t groupsOfBlock) {
  int64_t least = llvm::divideCeil(rows, groups);
  for (int64_t count = least; count <= 2 * least; ++count)
    if (rows % (count * groupsOfBlock) == 0)
      return count;
  return least;
}

void tileRows(const BodyGraph &graph, GpuTiling &tiling) {
  const Domain &domain = graph.domain();
  int64_t columns = domain.columns, rows = domain.rows;
  // Threads of a row: one per 8 columns, until a thread has 32 of them.
  int64_t warpColumns = kWarp * kThreadColumns;
  if (columns <= warpColumns)
    tiling.rowThreads = llvm::PowerOf2Ceil(llvm::divideCeil(columns, kThreadColumns));
  else if (columns <= kNarrowColumns)
    tiling.rowThreads = kWarp;
  else if (columns <= kUnrolledColumns)
    tiling.rowThreads = llvm::PowerOf2Ceil(columns) / (4 * kThreadColumns);
  else
    tiling.rowThreads = kLongRowThreads;
  tiling.groups = std::max(1u, kShortRowThreads / tiling.rowThreads);
  tiling.isUnrolled = columns <= kUnrolledColumns;
  if (llvm::any_of(graph.stores(), isSum)) {
    int64_t threadsOfRow = llvm::divideCeil(columns, kThreadColumns);
    int64_t groups = tiling.isUnrolled ? kSumRowThreads / threadsOfRow : kLongRowGroups;
    tiling.rowsPerGroup = rowsPerGroup(rows, groups, tiling.groups);
  }
  int64_t rowBlocks = llvm::divideCeil(rows, tiling.rowsPerGroup * tiling.groups);
  tiling.threadsAtATime = tiling.isUnrolled ? kThreadsWithRows : kThreadsOfLongRows;
  if (graph.reductions().empty()) {
    tiling.threadsAtATime = kThreadsOfSums;
    // Nothing joins the columns of a row: they may be in different blocks.
    if (columns > kNarrowColumns)
      tiling.rowThreads = std::min(tiling.rowThreads, kShortRowThreads);
    tiling.segments = llvm::divideCeil(columns, tiling.rowThreads * kThreadColumns);
    tiling.isUnrolled = true;
  }
  tiling.tiles =
      tiling.segments > 1 ? 1 : llvm::divideCeil(columns, tiling.rowThreads * kThreadColumns);
  tiling.lanes = lanesFor(graph, columns, columns % kThreadColumns == 0 ? kThreadColumns : 4);
  // Half of the lanes are the other piece's, in the same order (see joinLanes); fewer are not.
  if (columns % kThreadColumns == 0)
    tiling.lanes = std::max(tiling.lanes, 4u);
  else
    tiling.lanes = std::min<int64_t>(4, powerOfTwoIn(columns));
  tiling.pieces = kThreadColumns / tiling.lanes;
  tiling.threads = tiling.rowThreads * tiling.groups;
  // Whole warps, so that all threads of one take part when they join sums.
  tiling.threads = llvm::alignTo(tiling.threads, kWarp);
  tiling.blocks = rowBlocks * tiling.segments;
  tiling.sumBlocks = rowBlocks;
  int64_t warps = tiling.threads / kWarp;
  if (tiling.rowThreads > kWarp)
    tiling.sharedBytes = graph.reductions().size() * warps * 8;
  if (hasStore(graph, Store::SumAll))
    tiling.sharedBytes = std::max(tiling.sharedBytes, warps * 8);
  if (tiling.groups > 1)
    for (const Store &store : graph.stores())
      if (store.kind == Store::SumRows)
        tiling.sharedBytes = std::max<int64_t>(
            tiling.sharedBytes, tiling.threads * kThreadColumns * bytesOf(store.value.getType()));
}

void tileScatter(const BodyGraph &graph, const Store &scatter, GpuTiling &tiling) {
  const KernelTensor &table = graph.tensors()[graph.numInputs() + scatter.result];
  int64_t columns = graph.domain().columns, rows = table.shape.front();
  tiling.lanes = std::min(powerOfTwoIn(columns), kAccessBytes / bytesOf(table.element));
  int64_t chunks = columns / tiling.lanes;
  tiling.segments = llvm::divideCeil(chunks, 256);
  tiling.chunksPerSegment = llvm::divideCeil(chunks, tiling.segments);
  tiling.threads = std::max<int64_t>(128, llvm::alignTo(tiling.chunksPerSegment, kWarp));
  int64_t parts = kTableParts / llvm::PowerOf2Ceil(tiling.segments);
  tiling.tableParts = std::clamp<int64_t>(parts, 1, llvm::PowerOf2Ceil(rows));
  tiling.blocks = tiling.tableParts * tiling.segments;
  int64_t warps = tiling.threads / kWarp;
  // The tokens and table rows that were found, and how many each warp has.
  tiling.sharedBytes = llvm::alignTo((2 * tiling.threads * kScatterSteps + warps) * 4, 16);
}

} // namespace

GpuTiling tileForGpu(const BodyGraph &graph) {
  GpuTiling tiling;
  if (const Store *scatter = scatterOf(graph)) {
    tiling.form = GpuTiling::Scatter;
    tileScatter(graph, *scatter, tiling);
    return tiling;
  }
  if (graph.reductions().empty() && !hasStore(graph, Store::SumRows)) {
    tilePoints(graph, tiling);
  } else {
    tiling.form = GpuTiling::Rows;
    tileRows(graph, tiling);
  }
  for (const Store &store : graph.stores()) {
    tiling.sumOffset.push_back(tiling.workspaceBytes);
    if (!isSum(store) || (store.kind == Store::SumAll && !tiling.hasPartialTotals()))
      continue;
    // A sum over all is kept in f64 from block to block.
    int64_t bytes = store.kind == Store::SumRows
                        ? graph.domain().columns * bytesOf(store.value.getType())
                        : 8 * tiling.segments;
    tiling.workspaceBytes += llvm::alignTo(tiling.sumBlocks * bytes, kCacheLine);
  }
  return tiling;
}

} // namespace tpc::codegen
