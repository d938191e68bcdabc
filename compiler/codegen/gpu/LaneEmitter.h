//===- LaneEmitter.h - Values of a body graph in the threads of a GPU ----------------------===//
//
// Opens a kernel for GPUs and computes the values of a graph at a point: one row, and several
// adjacent columns that are loaded and stored in one access. What the forms of kernels (points,
// rows, scatter, second stages) add is who computes which points, and how sums are joined.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/ValueEmitter.h"
#include "compiler/codegen/gpu/GpuBuilder.h"
#include "compiler/codegen/gpu/GpuTiling.h"
#include "compiler/codegen/gpu/LaneForms.h"

namespace tpc::codegen {

/// Adjacent columns of a row, and what is known there.
struct Point {
  mlir::Value row, column; ///< indices; of the first lane
  mlir::Value inside;      ///< i1: whether the row has such columns; null where it always has
  mlir::Value exists;      ///< also whether there is such a row
  mlir::IRMapping *rowValues = nullptr;
  llvm::SmallVector<mlir::IRMapping> lanes;
};

class LaneEmitter : public ValueEmitter {
public:
  LaneEmitter(const BodyGraph &graph, const GpuTiling &tiling, const GeneratedFunction &function,
              mlir::ModuleOp module)
      : ValueEmitter(graph, function, module), tiling(tiling), gpu(b, loc),
        forms(graph, tiling.lanes) {}

protected:
  using Lanes = llvm::SmallVector<mlir::Value>;

  void begin();
  /// From now on points have so many lanes.
  void setLanes(unsigned lanes);

  Point pointAt(mlir::Value row, mlir::Value column, mlir::IRMapping &rowValues);
  /// The value of `graph` at a lane of the point.
  mlir::Value at(Point &point, unsigned lane, mlir::Value value);
  /// What is loaded, of columns and rows, to compute `values`.
  llvm::SmallVector<mlir::Value> loadsOf(llvm::ArrayRef<mlir::Value> values) const;
  /// Loads what `values` need of the point, before anything waits for it.
  void loadAhead(Point &point, llvm::ArrayRef<mlir::Value> values);
  /// The elements that the point stores, so that storing them reads nothing.
  void computeStores(Point &point);
  /// Stores all elements of the point's level; no guard.
  void storeElements(Point &point);
  /// Stores what a row leaves behind, if `condition` (or always).
  void storeRowValues(Point &point, mlir::Value condition);
  /// A loop that carries what `slots` point to; `body` takes the number of the step.
  void carriedLoop(mlir::Value lower, mlir::Value upper, int64_t step,
                   llvm::ArrayRef<mlir::Value *> slots, llvm::function_ref<void(mlir::Value)> body);
  /// Runs `body` where the condition holds; where there is none, always.
  void guarded(mlir::Value condition, llvm::function_ref<void()> body);
  mlir::Value both(mlir::Value x, mlir::Value y);

  /// Values of all lanes joined by halves.
  mlir::Value joinHalves(ReduceKind kind, llvm::ArrayRef<mlir::Value> lanes);
  /// Joined with the threads that differ in the lowest bits of their number, `threads` in all.
  mlir::Value joinThreads(ReduceKind kind, mlir::Value value, unsigned threads);
  /// The sum of `value` (f64) over the block, in thread 0.
  mlir::Value sumOfBlock(mlir::Value value);
  /// Stores a sum over everything (f64).
  void storeTotal(mlir::Value sum, const Store &store);
  /// Stores the block's part of each sum over everything, or the whole of one block, which its
  /// threads hold in lanes.
  void storeTotals(llvm::ArrayRef<Lanes> totals);
  /// `value`, or zero where the condition does not hold.
  mlir::Value countedIf(mlir::Value condition, mlir::Value value);

  /// One access of `width` adjacent elements, whose bytes divide the address. What is constant no
  /// thread of the launch writes.
  Lanes loadLanes(mlir::Value where, mlir::Type element, unsigned width, bool isConstant);
  /// The same where the condition holds, and the others elsewhere.
  Lanes loadLanesIf(mlir::Value condition, mlir::Value where, mlir::Type element,
                    llvm::ArrayRef<mlir::Value> others);
  void storeLanes(llvm::ArrayRef<mlir::Value> values, mlir::Value where, mlir::Type element,
                  unsigned width);
  mlir::Value sharedAt(mlir::Type element, mlir::Value index, int64_t byteOffset = 0);

  mlir::Value get(mlir::Value value) override;
  mlir::IRMapping &known(mlir::Value value, Level level) override;
  mlir::Value emitLeaf(mlir::Value value, const Leaf &leaf) override;
  mlir::Value fromTable(mlir::Value value) override;

  GpuTiling tiling;
  GpuBuilder gpu;
  LaneForms forms;
  mlir::Value thread, block;                   ///< i32
  llvm::DenseMap<mlir::Value, int64_t> tables; ///< bytes into shared memory

private:
  void load(mlir::Value value, const Leaf &leaf);
  /// Lanes that one access covers.
  unsigned widthOf(mlir::Value index, mlir::Type element);

  mlir::IRMapping uniform;
  Point *point = nullptr;
  unsigned lane = 0;
};

/// Adds the functions of `outline` to `module`; its threads call nothing and wait for no block.
void emitGpuFunctions(const BodyGraph &graph, const GeneratedKernel &outline,
                      mlir::ModuleOp module);

} // namespace tpc::codegen
