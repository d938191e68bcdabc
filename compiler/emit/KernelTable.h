//===- KernelTable.h - The generated code of each kernel op -------------------------------===//
#pragma once

#include "compiler/codegen/Codegen.h"
#include "compiler/emit/ReductionKernels.h"
#include "compiler/support/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

namespace tpc {

class KernelTable {
public:
  /// Generates the kernels of all entries into one image, and on a target whose ranks may share a
  /// device those by which they reduce.
  static mlir::FailureOr<KernelTable> generate(mlir::ModuleOp module, const Mesh &mesh,
                                               const Target &target);

  const codegen::GeneratedKernel &operator[](nn::KernelOp kernel) const {
    return image.kernels[index.at(kernel)];
  }
  /// By which ranks on one device reduce a tensor of a collective, or null: its pointers are one
  /// input per rank, then the results.
  const codegen::GeneratedFunction *reduction(mlir::Operation *collective, unsigned tensor) const;

  /// The kernels of an attention, to be launched one after the other, or null where the device has
  /// its own: each takes all pointers of the instruction.
  const codegen::GeneratedKernel *attention(mlir::Operation *op) const;

  bool empty() const { return image.image.empty(); }
  const std::vector<uint8_t> &bytes() const { return image.image; }
  const std::string &level() const { return image.level; }

private:
  codegen::GeneratedImage image;
  std::vector<codegen::GeneratedKernel> attentions;
  llvm::DenseMap<mlir::Operation *, size_t> index, attentionIndex;
  std::unique_ptr<ReductionKernels> reductions;
  size_t firstReduction = 0;
};

} // namespace tpc
