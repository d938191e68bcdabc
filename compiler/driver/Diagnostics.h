//===- Diagnostics.h - Errors as people read them -----------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include "mlir/IR/Diagnostics.h"

#include <string>

namespace tpc {

/// "tpc: error: " the sentence, then "hint: " on a line of its own. Returns the exit status. A
/// status without a message is that of an error which has been printed where it was found.
int report(const Status &status);

/// Prints errors of the compiler as `FILE:LINE:COL: error: ...`, or `tpc: error: ...` where
/// no place is known, with notes that begin with "hint:" as hint lines. Locations name the model by
/// its base name, so that a plan does not depend on where it was compiled; here they are shown with
/// the path that the user gave.
class DiagnosticPrinter {
public:
  DiagnosticPrinter(mlir::MLIRContext *context, std::string modelPath);

private:
  void print(const mlir::Diagnostic &diagnostic) const;
  std::string placeOf(mlir::Location location) const;

  std::string modelPath;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace tpc
