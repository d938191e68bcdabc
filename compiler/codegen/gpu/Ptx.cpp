//===- Ptx.cpp - Optimizes a module and writes PTX -----------------------------------------===//
//
// The numbers are IEEE's: no fused multiply-add that the graph does not have (LLVM then writes .rn,
// which forbids assemblers to make one, too), denormal numbers kept, divisions and square roots
// rounded, unless a kernel asks for an approximation by name.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/codegen/gpu/Ptx.h"

#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

#include <mutex>

namespace tpc::codegen {

namespace {

constexpr llvm::StringLiteral kTriple = "nvptx64-nvidia-cuda";
/// PTX 8.1, of CUDA 12.1: the oldest whose functions take more than 4 KB of parameters, as the
/// gradient norm of a model with many parameters does.
constexpr llvm::StringLiteral kFeatures = "+ptx81";

llvm::Expected<const llvm::Target *> findTarget() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  std::string reason;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(llvm::Triple(kTriple), reason);
  if (!target)
    return llvm::createStringError("this LLVM has no nvptx64 target: " + reason);
  return target;
}

} // namespace

llvm::Expected<std::vector<char>> compileToPtx(NativeModule &native) {
  llvm::Expected<const llvm::Target *> target = findTarget();
  if (!target)
    return target.takeError();
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  std::unique_ptr<llvm::TargetMachine> machine((*target)->createTargetMachine(
      llvm::Triple(kTriple), kGpuArchitecture, kFeatures, options, llvm::Reloc::PIC_, std::nullopt,
      llvm::CodeGenOptLevel::Aggressive));
  llvm::Module &module = *native.module;
  module.setTargetTriple(llvm::Triple(kTriple));
  module.setDataLayout(machine->createDataLayout());
  for (llvm::Function &function : module)
    function.addFnAttr(llvm::Attribute::NoUnwind);
  optimizeModule(module, *machine);
  return emitModule(module, *machine, llvm::CodeGenFileType::AssemblyFile);
}

std::vector<uint8_t> joinPtx(llvm::ArrayRef<std::vector<char>> modules) {
  // Every module opens with comments and the same three directives.
  std::vector<uint8_t> joined;
  bool isFirst = true;
  for (const std::vector<char> &module : modules) {
    llvm::StringRef text(module.data(), module.size());
    size_t end = text.find('\n', text.find(".address_size"));
    text = isFirst ? text : text.substr(end + 1);
    isFirst = false;
    joined.insert(joined.end(), text.begin(), text.end());
  }
  joined.push_back(0);
  return joined;
}

} // namespace tpc::codegen
