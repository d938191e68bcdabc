//===- Diagnostics.cpp - Errors as people read them ---------------------------------------===//

#include "compiler/driver/Diagnostics.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tpc;

int tpc::report(const Status &status) {
  if (!status.message().empty())
    llvm::errs() << "tpc: error: " << status.message() << '\n';
  if (!status.hint().empty())
    llvm::errs() << "hint: " << status.hint() << '\n';
  return static_cast<int>(status.code());
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context, std::string modelPath)
    : modelPath(std::move(modelPath)), handler(context, [this](Diagnostic &diagnostic) {
        print(diagnostic);
        return success();
      }) {}

std::string DiagnosticPrinter::placeOf(Location location) const {
  std::string text;
  location->walk([&](Location inner) {
    auto file = dyn_cast<FileLineColLoc>(inner);
    if (!file)
      return WalkResult::advance();
    std::string path = file.getFilename().str();
    if (path == llvm::sys::path::filename(modelPath))
      path = modelPath;
    // An empty file has no first line; people count from one.
    text = path + ":" + std::to_string(std::max(1u, file.getLine())) + ":" +
           std::to_string(std::max(1u, file.getColumn())) + ": ";
    return WalkResult::interrupt();
  });
  return text;
}

void DiagnosticPrinter::print(const Diagnostic &diagnostic) const {
  const char *severity = diagnostic.getSeverity() == DiagnosticSeverity::Error     ? "error: "
                         : diagnostic.getSeverity() == DiagnosticSeverity::Warning ? "warning: "
                                                                                   : "note: ";
  // A hint may stand at the end of the sentence; it gets a line of its own.
  std::string text = diagnostic.str();
  auto [sentence, hint] = StringRef(text).split("; hint: ");
  std::string place = placeOf(diagnostic.getLocation());
  if (place.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
    place = "tpc: ";
  llvm::errs() << place << severity << sentence << '\n';
  if (!hint.empty())
    llvm::errs() << "hint: " << hint << '\n';
  for (const Diagnostic &note : diagnostic.getNotes()) {
    std::string noteText = note.str();
    if (StringRef(noteText).starts_with("hint:"))
      llvm::errs() << noteText << '\n';
    else
      llvm::errs() << placeOf(note.getLocation()) << "note: " << noteText << '\n';
  }
}
