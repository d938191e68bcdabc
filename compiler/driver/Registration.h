//===- Registration.h - All dialects and passes of the compiler ----------------------------===//
#pragma once

namespace mlir {
class DialectRegistry;
}

namespace tpc {

/// Every dialect that a file may hold: those of the project, and the upstream ones that code
/// generation lowers to.
void registerDialects(mlir::DialectRegistry &registry);
/// Every pass of the project, under its command line name.
void registerPasses();

} // namespace tpc
