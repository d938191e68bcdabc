//===- EntryGraph.h - Which ops of an entry come before which ------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"

#include <vector>

namespace tpc {

/// The ops of an entry by their present position, and the edges that every order keeps: operands
/// before users, the return last, a write behind every use of the value that it replaces. The step
/// that computes a written value stands behind those uses, too, where that closes no cycle: then it
/// can put the value into the old one's place.
class EntryGraph {
public:
  explicit EntryGraph(nn::EntryOp entry);

  size_t size() const { return ops_.size(); }
  mlir::Operation *op(size_t index) const { return ops_[index]; }
  size_t indexOf(mlir::Operation *op) const { return index_.at(op); }
  llvm::ArrayRef<size_t> successors(size_t index) const { return successors_[index].getArrayRef(); }
  llvm::ArrayRef<size_t> predecessors(size_t index) const { return predecessors_[index]; }

  /// Moves the ops of the entry into this order; fails with an emitted error if some are missing,
  /// which is where the edges close a cycle.
  llvm::LogicalResult place(llvm::ArrayRef<size_t> order);

private:
  void addEdge(mlir::Operation *before, mlir::Operation *after);
  void orderAccess(struct SymbolAccess &access);

  nn::EntryOp entry_;
  std::vector<mlir::Operation *> ops_;
  llvm::DenseMap<mlir::Operation *, size_t> index_;
  std::vector<llvm::SetVector<size_t>> successors_;
  std::vector<std::vector<size_t>> predecessors_;
};

/// Whether the op frees memory by running early: an update, or the write of one.
bool isEager(mlir::Operation *op);

} // namespace tpc
