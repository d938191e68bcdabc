//===- Outline.cpp - The functions of a kernel without their code ----------------------===//
#include "compiler/codegen/Tiling.h"
#include "compiler/codegen/gpu/GpuBuilder.h"
#include "compiler/codegen/gpu/GpuTiling.h"

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

namespace {

/// What the targets differ in.
struct Cut {
  int64_t tiles, workspaceBytes;
  unsigned threads = 0, sharedBytes = 0;
  int64_t sumTiles; ///< of the second stage of sums over rows
  unsigned sumThreads = 0, sumBytes = 0, totalThreads = 0, totalBytes = 0;
  bool hasPartialTotals = true; ///< or the first stage leaves sums over all themselves
};

Cut cut(const BodyGraph &graph, Target target) {
  Cut cut{};
  int64_t columns = graph.domain().columns;
  if (target == Target::Cpu) {
    Tiling tiling = tile(graph);
    cut.tiles = tiling.tiles;
    cut.workspaceBytes = tiling.workspaceBytes;
    cut.sumTiles = llvm::divideCeilSigned(columns, kSumColumns);
    return cut;
  }
  GpuTiling tiling = tileForGpu(graph);
  cut.tiles = tiling.blocks;
  cut.workspaceBytes = tiling.workspaceBytes;
  cut.threads = tiling.threads;
  cut.sharedBytes = tiling.sharedBytes;
  cut.sumTiles = llvm::divideCeilSigned(columns, kSumBlockColumns);
  cut.sumThreads = kSumThreads;
  cut.sumBytes = kSumThreads * sizeof(double);
  cut.totalThreads = kTotalThreads;
  cut.totalBytes = kTotalThreads / kWarp * sizeof(double);
  cut.hasPartialTotals = tiling.hasPartialTotals();
  return cut;
}

} // namespace

GeneratedKernel outline(const BodyGraph &graph, ArrayRef<SharedMemory> sharing, StringRef name,
                        Target target) {
  Cut cut = codegen::cut(graph, target);
  GeneratedKernel kernel;
  kernel.workspaceBytes = cut.workspaceBytes;
  GeneratedFunction main{name.str(), cut.tiles, {}, cut.threads, cut.sharedBytes};
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
    bool isLater = store.kind == Store::SumAll ? cut.hasPartialTotals : isSum(store);
    // A scatter clears its rows before it adds to them: nothing from before is read.
    if (!isLater && !isShared)
      main.operands.push_back(operandOf(FunctionOperand::Result, store.result, false, true));
  }
  if (cut.workspaceBytes)
    main.operands.push_back(operandOf(FunctionOperand::Workspace, 0, false, true));
  kernel.functions.push_back(main);
  for (auto [kind, suffix, tiles, threads, bytes] :
       {std::tuple(Store::SumRows, "_sum", cut.sumTiles, cut.sumThreads, cut.sumBytes),
        std::tuple(Store::SumAll, "_total", int64_t{1}, cut.totalThreads, cut.totalBytes)}) {
    if (!hasStore(graph, kind) || (kind == Store::SumAll && !cut.hasPartialTotals))
      continue;
    GeneratedFunction second{name.str() + suffix, tiles, {}, threads, bytes};
    second.operands.push_back(operandOf(FunctionOperand::Workspace, 0, true,
                                        kind == Store::SumRows && target == Target::Cpu));
    for (const Store &store : graph.stores())
      if (store.kind == kind)
        second.operands.push_back(operandOf(FunctionOperand::Result, store.result, false, true));
    kernel.functions.push_back(second);
  }
  return kernel;
}

} // namespace tpc::codegen
