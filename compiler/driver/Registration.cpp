//===- Registration.cpp - All dialects and passes of the compiler --------------------------===//
//
// One line per dialect and per folder of passes, so that tools need not know them.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/driver/Registration.h"

#include "compiler/autodiff/Passes.h"
#include "compiler/fusion/Fusion.h"
#include "compiler/fusion/KernelsToLinalg.h"
#include "compiler/import/Passes.h"
#include "compiler/memory/ShareMemory.h"
#include "compiler/partition/Passes.h"
#include "compiler/schedule/Schedule.h"
#include "compiler/sharding/Passes.h"
#include "compiler/support/Target.h"
#include "dialects/nn/NN.h"
#include "dialects/tp/TP.h"

namespace tpc {

void registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<nn::NNDialect, tp::TPDialect>();
}

void registerPasses() {
  registerTpcImportPasses();
  registerTpcAutodiffPasses();
  registerTpcShardingPasses();
  registerTpcPartitionPasses();
  registerFusionPasses();
  registerKernelsToLinalgPass();
  mlir::registerPass(
      [] { return createSchedulePass({false, builtinHardware(Target::Kind::Cuda, "bf16")}); });
  mlir::registerPass(createShareMemoryPass);
  mlir::registerPass(createVerifyScheduledPass);
}

} // namespace tpc
