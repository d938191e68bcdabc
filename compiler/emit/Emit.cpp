//===- Emit.cpp - From a scheduled program to the plan file -------------------------------===//

#include "compiler/emit/Emit.h"

#include "compiler/emit/EmitDeclarations.h"
#include "compiler/emit/EmitEntry.h"
#include "compiler/emit/LibrarySteps.h"
#include "compiler/emit/Notes.h"
#include "compiler/emit/Report.h"
#include "compiler/emit/WaitEdges.h"
#include "dialects/tp/TP.h"
#include "runtime/plan/Convert.h"
#include "runtime/plan/PlanWriter.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tpc;

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

  FailureOr<KernelTable> kernels = KernelTable::generate(module, mesh, options.target);
  if (failed(kernels))
    return failure();
  MemoryPlan memory = MemoryPlan::make(module, mesh, [&](Operation *step) {
    return workspaceBytes(step, *kernels, options.target);
  });

  plan::PlanT result;
  result.compiler_version = TPC_VERSION;
  result.model_name = options.modelName;
  result.model_hash = options.modelHash;
  result.target = options.target.name();
  result.precision = options.precision;
  result.comm_dtype = options.commDtype;
  result.mesh = toPlan(mesh);
  result.hardware = std::make_unique<plan::HardwareT>();
  result.hardware->name = options.hardware.name;
  result.hardware->gemm_flops_per_second = options.hardware.gemmFlopsPerSecond;
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
    plan::EntryT &made = **emitted;
    addWaits(made, result);
    Timeline timeline = timelineOf(made);
    made.picoseconds = timeline.total;
    if (auto flops = options.modelFlops.find(made.name); flops != options.modelFlops.end())
      made.model_flops = flops->second;
    if (options.target.overlapsCollectives && timeline.collectives)
      result.notes.push_back(overlapNote(made.name, timeline));
    if (options.target.kind == Target::Kind::Cuda)
      if (std::optional<std::string> note = utilisationNote(result, made, options.hardware))
        result.notes.push_back(*note);
    result.entries.push_back(std::move(*emitted));
  }
  if (!kernels->empty()) {
    auto image = std::make_unique<plan::KernelImageT>();
    image->target = options.target.imageTarget();
    image->level = kernels->level();
    image->image = kernels->bytes();
    result.images.push_back(std::move(image));
  }
  result.report = makeReport(module, mesh, memory, result);

  return sealPlan(result);
}
