//===- Model.h - Reading a model file -----------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>

namespace tpc {

/// Parses and verifies a model. Locations name it by its base name. `hash` is that of
/// what the text says: comments, spaces and the names of values aside.
Status loadModel(const std::string &path, mlir::MLIRContext &context,
                 mlir::OwningOpRef<mlir::ModuleOp> &module, uint64_t &hash);

/// The module's symbol, or else the stem of its file's name.
std::string modelName(mlir::ModuleOp module, const std::string &path);

} // namespace tpc
