//===- Outline.cpp - The functions of a kernel without their code ----------------------===//
#include "compiler/codegen/LoopEmitter.h"
#include "compiler/codegen/Tiling.h"

#include "llvm/ADT/STLExtras.h"

#include <tuple>

using namespace mlir;

namespace tpc::codegen {

static FunctionOperand operandOf(FunctionOperand::Kind kind, unsigned index, bool isRead,
                                 bool isWritten) {
  FunctionOperand operand;
  operand.kind = kind;
  operand.index = index;
  operand.isRead = isRead;
  operand.isWritten = isWritten;
  return operand;
}

GeneratedKernel outline(const BodyGraph &graph, ArrayRef<SharedMemory> sharing, StringRef name) {
  Tiling tiling = tile(graph);
  GeneratedKernel kernel;
  kernel.workspaceBytes = tiling.workspaceBytes;
  GeneratedFunction main{name.str(), tiling.tiles, {}};
  auto sharedResult = [&](unsigned input) {
    for (SharedMemory shared : sharing)
      if (shared.input == input)
        return static_cast<int>(shared.result);
    return -1;
  };
  for (unsigned i = 0; i < graph.numInputs(); ++i) {
    if (!graph.tensors()[i].isRead)
      continue;
    main.operands.push_back(operandOf(FunctionOperand::Input, i, true, sharedResult(i) >= 0));
    main.operands.back().sharedResult = sharedResult(i);
  }
  for (const Store &store : graph.stores()) {
    bool isShared = llvm::any_of(sharing, [&](SharedMemory s) { return s.result == store.result; });
    // A scatter clears its rows before it adds to them: nothing from before is read.
    if (!isSum(store) && !isShared)
      main.operands.push_back(operandOf(FunctionOperand::Result, store.result, false, true));
  }
  if (tiling.workspaceBytes)
    main.operands.push_back(operandOf(FunctionOperand::Workspace, 0, false, true));
  kernel.functions.push_back(main);
  for (auto [kind, suffix, tiles] :
       {std::tuple(Store::SumRows, "_sum",
                   llvm::divideCeilSigned(graph.domain().columns, kSumColumns)),
        std::tuple(Store::SumAll, "_total", int64_t{1})}) {
    if (!hasStore(graph, kind))
      continue;
    GeneratedFunction second{name.str() + suffix, tiles, {}};
    second.operands.push_back(
        operandOf(FunctionOperand::Workspace, 0, true, kind == Store::SumRows));
    for (const Store &store : graph.stores())
      if (store.kind == kind)
        second.operands.push_back(operandOf(FunctionOperand::Result, store.result, false, true));
    kernel.functions.push_back(second);
  }
  return kernel;
}

} // namespace tpc::codegen
