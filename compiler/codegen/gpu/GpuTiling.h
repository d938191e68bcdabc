//===- GpuTiling.h - How a kernel is cut into blocks and threads ---------------------------===//
//
// Which thread adds what, and in which order, is a function of the domain's shape alone: neither of
// the types, nor of what else the kernel does. So neither fusion nor a narrower type changes which
// numbers are added first.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/BodyGraph.h"

namespace tpc::codegen {

/// What all kernels of a GPU target share.
constexpr int64_t kAccessBytes = 16; ///< of one access of a thread, at most

struct GpuTiling {
  enum Form : uint8_t {
    Points, ///< each thread computes elements of its own
    Rows,   ///< threads share rows, or each takes columns through many rows
    Scatter ///< a block owns rows of a table
  } form = Points;
  unsigned threads = 0; ///< of a block
  int64_t blocks = 0;
  /// A thread takes `pieces` of `lanes` adjacent columns at once.
  unsigned lanes = 1, pieces = 1;

  // Points: chunks of `lanes` columns; thread i takes the chunks i, i + stride, ... of each piece.
  int64_t chunks = 0;  ///< whole ones
  int64_t rest = 0;    ///< elements after them, one thread each
  int64_t columns = 0; ///< that are looked at: one, if nothing is stored at each
  int64_t steps = 1;   ///< groups of pieces that a thread computes one after the other

  // Rows: `groups` of `rowThreads` threads in a block. Each group takes `rowsPerGroup` rows, and of
  // them the columns of one of `segments` parts of the row.
  unsigned rowThreads = 1, groups = 1;
  int64_t rowsPerGroup = 1, segments = 1;
  int64_t tiles = 1; ///< of 8 columns a thread, in the thread's part of the row
  bool isUnrolled = true;
  /// Threads that a processor must have registers for; 0: as the assembler sees fit.
  unsigned threadsAtATime = 0;

  // Scatter: a block owns every `tableParts`-th row (a power of two), and one of `segments` parts
  // of their columns.
  int64_t tableParts = 1, chunksPerSegment = 0;

  /// One block has the whole of a sum over all: it needs no second stage.
  bool hasPartialTotals() const { return blocks > 1; }

  int64_t sharedBytes = 0;
  int64_t workspaceBytes = 0;
  int64_t sumBlocks = 1;                ///< partial sums that the second stage adds
  llvm::SmallVector<int64_t> sumOffset; ///< of each store that is a sum, bytes into the workspace
};

/// Columns that a thread adds up before threads join their sums.
constexpr int64_t kThreadColumns = 8;
/// Rows up to this long are added in their own type; longer ones in f64, once each thread has added
/// up its own.
constexpr int64_t kNarrowColumns = 1024;
/// Threads of the second stages, and columns that a block of the one over rows adds up.
constexpr unsigned kSumThreads = 1024, kTotalThreads = 256;
constexpr int64_t kSumBlockColumns = 32;
/// Tokens that each thread of a scatter looks at before the block adds what was found.
constexpr unsigned kScatterSteps = 8;

/// Tables of values of columns take at most so many bytes of shared memory.
constexpr int64_t kSharedTableBytes = 8 * 1024;

GpuTiling tileForGpu(const BodyGraph &graph);

} // namespace tpc::codegen
