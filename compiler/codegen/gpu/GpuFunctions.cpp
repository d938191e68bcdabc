//===- GpuFunctions.cpp - The functions of a kernel for GPUs -------------------------------===//
#include "compiler/codegen/Tiling.h"
#include "compiler/codegen/gpu/PointEmitter.h"
#include "compiler/codegen/gpu/RowEmitter.h"
#include "compiler/codegen/gpu/ScatterEmitter.h"
#include "compiler/codegen/gpu/SumEmitter.h"

using namespace mlir;

namespace tpc::codegen {

void emitGpuFunctions(const BodyGraph &graph, const GeneratedKernel &outline, ModuleOp module) {
  GpuTiling tiling = tileForGpu(graph);
  unsigned next = 0;
  const GeneratedFunction &main = outline.functions[next++];
  switch (tiling.form) {
  case GpuTiling::Points:
    PointEmitter(graph, tiling, main, module).emit();
    break;
  case GpuTiling::Rows:
    RowEmitter(graph, tiling, main, module).emit();
    break;
  case GpuTiling::Scatter:
    ScatterEmitter(graph, tiling, main, module).emit(*scatterOf(graph));
    break;
  }
  if (hasStore(graph, Store::SumRows))
    SumEmitter(graph, tiling, outline.functions[next++], module).emitRowSums();
  if (hasStore(graph, Store::SumAll) && tiling.hasPartialTotals())
    SumEmitter(graph, tiling, outline.functions[next++], module).emitTotals();
}

} // namespace tpc::codegen
