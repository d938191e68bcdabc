//===- Model.cpp - Reading a model file ---------------------------------------------------===//

#include "compiler/driver/Model.h"

#include "compiler/driver/Registration.h"
#include "runtime/plan/ContentHash.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace tpc;

Status tpc::loadModel(const std::string &path, MLIRContext &context, OwningOpRef<ModuleOp> &module,
                      uint64_t &hash) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return Status(Code::InvalidInput, "cannot read '" + path + "': " + file.getError().message());
  StringRef text = (*file)->getBuffer();
  hash = contentHash({reinterpret_cast<const uint8_t *>(text.data()), text.size()});
  DialectRegistry registry;
  registerDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  context.printOpOnDiagnostic(false);
  // Locations name the model alone, so that a plan does not depend on the folder.
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBuffer(text, llvm::sys::path::filename(path)), llvm::SMLoc());
  module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return Status(Code::InvalidInput, ""); // the parser has said what is wrong
  return Status();
}

std::string tpc::modelName(ModuleOp module, const std::string &path) {
  if (std::optional<StringRef> symbol = module.getSymName())
    return symbol->str();
  return llvm::sys::path::stem(path).str();
}
