//===- NativeCode.h - LLVM's part: modules to objects to one image -------------------------===//
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
enum class CodeGenFileType;
} // namespace llvm
namespace mlir {
class MLIRContext;
class ModuleOp;
} // namespace mlir

namespace tpc::codegen {

/// A module of LLVM IR and the context that owns its types.
struct NativeModule {
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;

  NativeModule();
  NativeModule(NativeModule &&) noexcept;
  NativeModule &operator=(NativeModule &&) noexcept;
  ~NativeModule();
};

/// Loads what translateModule needs; before any thread uses the context.
void prepareContext(mlir::MLIRContext &context);

/// Lowers functions in scf, arith, math and llvm to LLVM IR. `module` is changed.
llvm::Expected<NativeModule> translateModule(mlir::ModuleOp module);

/// LLVM's passes at -O3, and the target's code: what targets share.
void optimizeModule(llvm::Module &module, llvm::TargetMachine &machine);
llvm::Expected<std::vector<char>> emitModule(llvm::Module &module, llvm::TargetMachine &machine,
                                             llvm::CodeGenFileType type);

/// Optimizes for `cpu` and generates an ELF object. Thread-safe.
llvm::Expected<std::vector<char>> compileModule(NativeModule &module, llvm::StringRef cpu);

/// x86-64-v3 or x86-64-v4; "native" is the highest that this machine has.
llvm::Expected<std::string> resolveCpu(llvm::StringRef cpu);

/// Links objects, in their order, into one shared object, and checks that it has neither
/// relocations nor undefined symbols.
llvm::Expected<std::vector<uint8_t>> linkImage(llvm::ArrayRef<std::vector<char>> objects);

} // namespace tpc::codegen
