//===- Emit.cpp - From a scheduled program to the plan file -------------------------------===//

#include "compiler/emit/Emit.h"

#include "compiler/emit/EmitDeclarations.h"
#include "compiler/emit/EmitEntry.h"
#include "compiler/emit/Report.h"
#include "compiler/fusion/Accumulate.h"
#include "dialects/tp/TP.h"
#include "runtime/plan/Convert.h"
#include "runtime/plan/PlanWriter.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tpc;

FailureOr<KernelTable> KernelTable::generate(ModuleOp module,
                                             const codegen::CodegenOptions &options) {
  KernelTable table;
  SmallVector<nn::KernelOp> kernels;
  for (auto entry : module.getOps<nn::EntryOp>())
    for (auto kernel : entry.getBody().front().getOps<nn::KernelOp>()) {
      if (accumulatedProduct(kernel))
        continue;
      table.index[kernel] = kernels.size();
      kernels.push_back(kernel);
    }
  if (kernels.empty())
    return table;
  FailureOr<codegen::GeneratedImage> image = codegen::generateImage(kernels, options);
  if (failed(image))
    return failure();
  table.image = std::move(*image);
  return table;
}

/// The module without locations: they are told per instruction.
static std::string textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}

FailureOr<std::vector<uint8_t>> tpc::emitPlan(ModuleOp module, const EmitOptions &options) {
  tp::MeshOp meshOp = tp::findMesh(module);
  if (!meshOp)
    return module.emitError("has no tp.mesh: it is not at level `scheduled`");
  Mesh mesh = tp::toMesh(meshOp);

  codegen::CodegenOptions codegenOptions;
  codegenOptions.cpu = options.cpuLevel;
  FailureOr<KernelTable> kernels = KernelTable::generate(module, codegenOptions);
  if (failed(kernels))
    return failure();
  MemoryPlan memory = MemoryPlan::make(
      module, mesh, [&](Operation *step) { return workspaceBytes(step, *kernels); });

  plan::PlanT result;
  result.compiler_version = TPC_VERSION;
  result.model_name = options.modelName;
  result.model_hash = options.modelHash;
  result.target = "cpu";
  result.precision = options.precision;
  result.comm_dtype = options.commDtype;
  result.mesh = toPlan(mesh);
  result.notes = options.notes;
  result.sharded_ir = options.shardedIr;
  result.scheduled_ir = textOf(module);
  emitMemory(memory, result);
  emitParameters(module, memory, result);
  for (auto entry : module.getOps<nn::EntryOp>()) {
    FailureOr<std::unique_ptr<plan::EntryT>> emitted =
        emitEntry(entry, memory, *kernels, mesh, options.hardware);
    if (failed(emitted))
      return failure();
    result.entries.push_back(std::move(*emitted));
  }
  if (!kernels->empty()) {
    auto image = std::make_unique<plan::KernelImageT>();
    image->target = "x86_64";
    image->level = kernels->level();
    image->image = kernels->bytes();
    result.images.push_back(std::move(image));
  }
  result.report = makeReport(module, mesh, memory, result);

  return sealPlan(result);
}
