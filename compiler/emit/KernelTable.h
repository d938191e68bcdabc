//===- KernelTable.h - The generated code of each kernel op -------------------------------===//
#pragma once

#include "compiler/codegen/Codegen.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

namespace tpc {

class KernelTable {
public:
  /// Generates the kernels of all entries into one image.
  static mlir::FailureOr<KernelTable> generate(mlir::ModuleOp module,
                                               const codegen::CodegenOptions &options);

  const codegen::GeneratedKernel &operator[](nn::KernelOp kernel) const {
    return image.kernels[index.at(kernel)];
  }
  bool empty() const { return index.empty(); }
  const std::vector<uint8_t> &bytes() const { return image.image; }
  const std::string &level() const { return image.level; }

private:
  codegen::GeneratedImage image;
  llvm::DenseMap<mlir::Operation *, size_t> index;
};

} // namespace tpc
