//===- ParseModel.h - From a model's text to its module -----------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace tpc {

/// Parses and verifies. Locations have `name` as their file. The context has the dialects, and its
/// diagnostics say what is wrong, unless the status does.
Result<mlir::OwningOpRef<mlir::ModuleOp>> parseModel(llvm::StringRef text, llvm::StringRef name,
                                                     mlir::MLIRContext &context);

} // namespace tpc
