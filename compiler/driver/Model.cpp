//===- Model.cpp - Reading a model file ---------------------------------------------------===//

#include "compiler/driver/Model.h"

#include "compiler/driver/Registration.h"
#include "compiler/import/ParseModel.h"
#include "runtime/plan/ContentHash.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tpc;

/// Of what the text says, not of how: comments, spaces and the names of values change nothing, so
/// that a checkpoint outlives them.
static uint64_t hashOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, OpPrintingFlags().printGenericOpForm().enableDebugInfo(false));
  return contentHash({reinterpret_cast<const uint8_t *>(text.data()), text.size()});
}

Status tpc::loadModel(const std::string &path, MLIRContext &context, OwningOpRef<ModuleOp> &module,
                      uint64_t &hash) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return Status(Code::InvalidInput, "cannot read '" + path + "': " + file.getError().message(),
                  "name a model file (*.mlir); models/ of the sources has some to start from");
  DialectRegistry registry;
  registerDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  context.printOpOnDiagnostic(false);
  // Locations name the model alone, so that a plan does not depend on the folder.
  TPC_ASSIGN_OR_RETURN(module,
                       parseModel((*file)->getBuffer(), llvm::sys::path::filename(path), context));
  hash = hashOf(*module);
  return Status();
}

std::string tpc::modelName(ModuleOp module, const std::string &path) {
  if (std::optional<StringRef> symbol = module.getSymName())
    return symbol->str();
  return llvm::sys::path::stem(path).str();
}
