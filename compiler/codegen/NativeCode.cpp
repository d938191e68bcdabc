//===- NativeCode.cpp - Lowers, optimizes and compiles a module ----------------------------===//
//
// Functions are marked no-builtins: LLVM must not turn loops into calls of memset or memcpy, since
// an image calls nothing. It does vectorise them.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/codegen/NativeCode.h"

#include "compiler/codegen/LinalgKernel.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

#include <mutex>

using namespace mlir;

namespace tpc::codegen {

namespace {

constexpr llvm::StringLiteral kTriple = "x86_64-unknown-linux-gnu";

llvm::Error failure(const llvm::Twine &reason) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), reason);
}

llvm::Expected<const llvm::Target *> findTarget() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  std::string reason;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(llvm::Triple(kTriple), reason);
  if (!target)
    return failure("this LLVM has no x86-64 target: " + reason);
  return target;
}

} // namespace

NativeModule::NativeModule() : context(std::make_unique<llvm::LLVMContext>()) {}
NativeModule::NativeModule(NativeModule &&) noexcept = default;
NativeModule &NativeModule::operator=(NativeModule &&other) noexcept {
  module = std::move(other.module); // before the context that it lives in
  context = std::move(other.context);
  return *this;
}
NativeModule::~NativeModule() = default;

void prepareContext(MLIRContext &context) {
  registerBuiltinDialectTranslation(context);
  registerLLVMDialectTranslation(context);
  registerNVVMDialectTranslation(context);
  DialectRegistry registry;
  insertLinalgDialects(registry);
  registry.insert<cf::ControlFlowDialect, LLVM::LLVMDialect, NVVM::NVVMDialect, scf::SCFDialect>();
  context.appendDialectRegistry(registry);
  for (StringRef dialect : registry.getDialectNames())
    context.getOrLoadDialect(dialect);
}

llvm::Expected<NativeModule> translateModule(ModuleOp module) {
  PassManager passes(module.getContext());
  passes.enableVerifier(false);
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  if (failed(passes.run(module)))
    return failure("a generated kernel did not lower to the llvm dialect");
  NativeModule native;
  native.module = translateModuleToLLVMIR(module, *native.context, "kernel");
  if (!native.module)
    return failure("a generated kernel did not translate to LLVM IR");
  return native;
}

llvm::Expected<std::string> resolveCpu(llvm::StringRef cpu) {
  if (cpu == "x86-64-v3" || cpu == "x86-64-v4")
    return cpu.str();
  if (cpu != "native")
    return failure("kernels cannot be generated for the CPU level '" + cpu +
                   "': they need fused multiply-adds and AVX2; use x86-64-v3, x86-64-v4 or native");
  // A level, not this processor's own name: a plan says what it needs in words that loading checks.
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  auto hasAll = [&](std::initializer_list<const char *> names) {
    return llvm::all_of(names, [&](const char *name) { return features.lookup(name); });
  };
  if (!hasAll({"avx2", "fma", "f16c", "bmi", "bmi2", "lzcnt", "movbe"}))
    return failure("this machine has no AVX2 and fused multiply-adds, which kernels need");
  bool isFourth = hasAll({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"});
  return isFourth ? "x86-64-v4" : "x86-64-v3";
}

void optimizeModule(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.LoopInterleaving = true;
  tuning.SLPVectorization = true;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, modules);
}

llvm::Expected<std::vector<char>> emitModule(llvm::Module &module, llvm::TargetMachine &machine,
                                             llvm::CodeGenFileType type) {
  llvm::SmallVector<char, 0> code;
  llvm::raw_svector_ostream stream(code);
  llvm::legacy::PassManager emitter;
  if (machine.addPassesToEmitFile(emitter, stream, nullptr, type))
    return failure("LLVM cannot write code for this target");
  emitter.run(module);
  return std::vector<char>(code.begin(), code.end());
}

llvm::Expected<std::vector<char>> compileModule(NativeModule &native, llvm::StringRef cpu) {
  llvm::Expected<const llvm::Target *> target = findTarget();
  if (!target)
    return target.takeError();
  llvm::TargetOptions options;
  // Sums of products are fused only where the graph says so.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  std::unique_ptr<llvm::TargetMachine> machine(
      (*target)->createTargetMachine(llvm::Triple(kTriple), cpu, "", options, llvm::Reloc::PIC_,
                                     llvm::CodeModel::Small, llvm::CodeGenOptLevel::Aggressive));
  llvm::Module &module = *native.module;
  module.setTargetTriple(llvm::Triple(kTriple));
  module.setDataLayout(machine->createDataLayout());
  for (llvm::Function &function : module) {
    function.addFnAttr("no-builtins");
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.addFnAttr("target-cpu", cpu);
    // LLVM holds back for old processors whose clock falls with wide registers.
    if (cpu == "x86-64-v4")
      function.addFnAttr("prefer-vector-width", "512");
    function.setDSOLocal(function.hasInternalLinkage());
  }

  optimizeModule(module, *machine);
  return emitModule(module, *machine, llvm::CodeGenFileType::ObjectFile);
}

} // namespace tpc::codegen
