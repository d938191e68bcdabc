//===- FuzzModel.cpp - Model files ---------------------------------------------------------===//
//
// Parses, verifies and imports a text, as a compilation begins.
//
//===---------------------------------------------------------------------------------------===//
#include "tests/fuzz/FuzzInput.h"

#include "compiler/import/Import.h"
#include "compiler/import/ParseModel.h"
#include "dialects/nn/NN.h"
#include "dialects/tp/TP.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"

using namespace tpc;
using namespace tpc::fuzz;
using namespace mlir;

/// LLVM's allocators poison their free memory in code of its headers, which is instrumented here,
/// and hand it out in code of its library, which is not.
extern "C" const char *__asan_default_options() { return "allow_user_poisoning=0"; }

static bool import(ModuleOp module) {
  if (failed(bindDims(module, {})) || failed(unrollLayers(module)))
    return false;
  flattenScopes(module);
  return succeeded(boundIds(module)) && succeeded(verifyModel(module));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<nn::NNDialect, tp::TPDialect>();
  bool told = false;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    // A message is made whole, as for a user.
    std::string text;
    llvm::raw_string_ostream stream(text);
    stream << diagnostic;
    told |= diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return success();
  });
  Result<OwningOpRef<ModuleOp>> module =
      parseModel({reinterpret_cast<const char *>(data), size}, "model.mlir", context);
  if (!module.ok()) {
    require(told || !module.status().message().empty(), "an error is told");
    return 0;
  }
  bool imported = import(**module);
  require(imported || told, "an error is told");
  if (imported)
    require(succeeded(verify(**module)), "what is imported is valid");
  return 0;
}
