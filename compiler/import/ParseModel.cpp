//===- ParseModel.cpp - From a model's text to its module ---------------------------------===//
#include "compiler/import/ParseModel.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;

namespace tpc {

/// The line at which brackets are nested too deep for a parser that calls itself, or 0. Texts in
/// quotes and comments are counted too: a model comes nowhere near.
static size_t tooDeepAt(StringRef text) {
  constexpr int most = 200;
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (StringRef("([{<").contains(text[i]) && ++depth > most)
      return text.take_front(i).count('\n') + 1;
    // An arrow closes nothing.
    bool arrow = text[i] == '>' && i > 0 && text[i - 1] == '-';
    if (StringRef(")]}>").contains(text[i]) && !arrow)
      depth = std::max(0, depth - 1);
  }
  return 0;
}

/// An attribute that the op does not have would be kept and mean nothing: `casual` for `causal`.
static LogicalResult refuseUnknownAttributes(ModuleOp module) {
  WalkResult result = module.walk([](Operation *op) {
    for (NamedAttribute attribute : op->getDiscardableAttrs()) {
      // Those of a dialect it checks itself.
      if (attribute.getName().getValue().contains('.'))
        continue;
      InFlightDiagnostic error = op->emitOpError() << "has no attribute '"
                                                   << attribute.getName().getValue() << "'; hint: ";
      ArrayRef<StringAttr> known = op->getName().getAttributeNames();
      if (known.empty())
        error << "it has none";
      else
        llvm::interleaveComma(known, error << "it has ",
                              [&](StringAttr name) { error << name.getValue(); });
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

Result<OwningOpRef<ModuleOp>> parseModel(StringRef text, StringRef name, MLIRContext &context) {
  if (size_t line = tooDeepAt(text))
    return Status(Code::InvalidInput,
                  (name + ":" + Twine(line)).str() + ": brackets are nested more than 200 deep");
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(text, name), llvm::SMLoc());
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
  // Both have said what is wrong.
  if (!module || failed(refuseUnknownAttributes(*module)))
    return Status(Code::InvalidInput, "");
  return module;
}

} // namespace tpc
