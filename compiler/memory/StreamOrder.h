//===- StreamOrder.h - When bytes that a step touches may be used anew ----------------------===//
//
// With one stream, position in the program is time. With two, a step of the other stream may still
// run, or have begun early; what orders the two are waits, and those that the values demand are
// there anyway. A buffer lives until the step by which all of its users are known to be done, so
// that its place can be used anew without a further wait.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/schedule/Program.h"

namespace tpc {

class StreamOrder {
public:
  explicit StreamOrder(nn::EntryOp entry);

  uint32_t position(mlir::Operation *op) const { return position_.at(op); }
  /// The position from which on a step may write: behind all steps of the other stream that are
  /// known to be done when it begins.
  uint32_t begin(mlir::Operation *step) const {
    auto found = begin_.find(step);
    return found == begin_.end() ? position(step) : found->second;
  }
  /// The position of the first step of stream 0 that comes after `user`, wherever `user` runs:
  /// itself on stream 0, else the first one that waits for it or for a later step of its stream.
  /// Without any, that of the return.
  uint32_t end(mlir::Operation *user) const {
    auto found = end_.find(user);
    return found == end_.end() ? position(user) : found->second;
  }

private:
  llvm::DenseMap<mlir::Operation *, uint32_t> position_;
  llvm::DenseMap<mlir::Operation *, uint32_t> begin_, end_; ///< of the steps beside stream 0
};

} // namespace tpc
