//===- AttentionTiling.h - How generated attention is cut into blocks ----------------------===//
//
// Functions of the shape alone, without code: memory planning asks for them.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Device.h"

namespace tpc::codegen::gpu {

/// The kernels of attention. A block keeps `rows` rows of one head and passes over the other side
/// in tiles of `columns`.
enum class AttentionPass : uint8_t {
  Forward,       ///< rows are queries: o, lse
  RowProducts,   ///< the sums over a query's o * do, into the workspace
  KeyGradient,   ///< rows are keys: dk, dv
  QueryGradient, ///< rows are queries: dq
};

struct AttentionTiling {
  AttentionPass pass;
  /// Whether products run on tensor cores, whose operands are bf16.
  bool tensorCores;
  int64_t size; ///< head size up to a multiple of 16: what is behind it is zero
  int64_t rows, columns;
  unsigned threads;
  int64_t blocks; ///< of the grid
  /// Elements that are read from and written to tensors at once: up to 16 bytes, as far as every
  /// row is aligned to them.
  int64_t chunk;
  /// RowProducts: neighbouring threads that share a row.
  unsigned threadsOfRow;

  //===--- shared memory, in bytes ---===//
  // Two tiles of rows (one in the forward); two of columns, and again for each further stage, into
  // which the next ones are loaded meanwhile; weights on their way from one product to the next
  // (not with tensor cores); lse and row products of a tile of queries that are columns. The pitch
  // of tiles keeps accesses of 16 bytes free of bank conflicts.

  int64_t stages;
  int64_t elementBytes; ///< of an element of a tile
  int64_t pitch;        ///< elements from row to row of a tile
  int64_t weightsPitch;
  int64_t rowTile(int number) const { return number * rows * pitch * elementBytes; }
  /// Of the first stage; the others follow at distances of stageBytes.
  int64_t columnTile(int number) const;
  int64_t stageBytes() const { return 2 * columns * pitch * elementBytes; }
  int64_t weights() const { return columnTile(0) + stages * stageBytes(); }
  int64_t statistics(int number) const;
  int64_t statisticsStageBytes() const { return 2 * columns * statisticBytes; }
  int64_t sharedBytes() const;
  /// Blocks for which registers are allotted on a multiprocessor: two where they suffice and shared
  /// memory has room for two. More would make the assembler spill.
  unsigned residentBlocks() const;

  AttentionTiling(const AttentionShape &shape, AttentionPass pass);
  /// Whether a block has the shared memory; of the smallest tiles it may have too little.
  bool fits() const;

private:
  /// Makes the block smaller; false if it is the smallest already.
  bool shrink();

  int64_t statisticBytes;
};

/// Bytes of an lse or of a row product.
int64_t statisticBytes(DType dtype);

/// The size of heads up to which there are kernels, whatever their number and the lengths.
int64_t largestHead(DType dtype);

/// Workspace of the generated kernels. It is never empty, so that the operand is always there.
int64_t attentionWorkspace(const AttentionShape &shape, bool backward);

} // namespace tpc::codegen::gpu
