//===- Attention.cpp - Attention as generated kernels for NVIDIA devices -------------------===//
#include "compiler/codegen/gpu/Attention.h"

#include "compiler/codegen/gpu/AttentionEmitter.h"
#include "compiler/codegen/gpu/Ptx.h"

#include "mlir/IR/OwningOpRef.h"

#include "llvm/IR/Module.h"

#include <map>
#include <tuple>

namespace tpc::codegen::gpu {

namespace {

struct Part {
  AttentionPass pass;
  const char *suffix;
  void (*emit)(mlir::ModuleOp, llvm::StringRef, const AttentionShape &);
};

constexpr Part kForward[] = {{AttentionPass::Forward, "_forward", emitAttentionForward}};
constexpr Part kBackward[] = {{AttentionPass::RowProducts, "_row_products", emitRowProducts},
                              {AttentionPass::KeyGradient, "_key_gradient", emitKeyGradient},
                              {AttentionPass::QueryGradient, "_query_gradient", emitQueryGradient}};

llvm::ArrayRef<Part> partsOf(bool backward) {
  return backward ? llvm::ArrayRef<Part>(kBackward) : llvm::ArrayRef<Part>(kForward);
}

std::vector<FunctionOperand> operandsOf(AttentionPass pass) {
  // What each pass reads (r) and writes (w), by the order of the instruction's operands.
  const char *uses = pass == AttentionPass::Forward       ? "rrrww."
                     : pass == AttentionPass::RowProducts ? "...r.r...w"
                     : pass == AttentionPass::KeyGradient ? "rrr.rr.wwr"
                                                          : "rrr.rrw..r";
  unsigned inputs = pass == AttentionPass::Forward ? 3 : 6;
  std::vector<FunctionOperand> operands;
  for (unsigned i = 0; uses[i]; ++i) {
    bool isWorkspace = !uses[i + 1];
    FunctionOperand operand{isWorkspace  ? FunctionOperand::Workspace
                            : i < inputs ? FunctionOperand::Input
                                         : FunctionOperand::Result};
    operand.index = isWorkspace ? 0 : i < inputs ? i : i - inputs;
    operand.isRead = uses[i] == 'r';
    operand.isWritten = uses[i] == 'w';
    operands.push_back(operand);
  }
  return operands;
}

auto keyOf(const AttentionRequest &request) {
  const AttentionShape &shape = request.shape;
  return std::tuple(shape.batch, shape.queryLength, shape.keyLength, shape.heads, shape.kvHeads,
                    shape.size, shape.causal, shape.scale, shape.dtype, request.backward);
}

} // namespace

GeneratedKernel outlineAttention(const AttentionShape &shape, bool backward, llvm::StringRef name) {
  GeneratedKernel kernel;
  kernel.workspaceBytes = attentionWorkspace(shape, backward);
  for (const Part &part : partsOf(backward)) {
    AttentionTiling tiling(shape, part.pass);
    GeneratedFunction function;
    function.name = (name + part.suffix).str();
    function.tiles = tiling.blocks;
    function.threads = tiling.threads;
    function.sharedBytes = static_cast<unsigned>(tiling.sharedBytes());
    function.operands = operandsOf(part.pass);
    kernel.functions.push_back(std::move(function));
  }
  return kernel;
}

void emitAttention(const AttentionShape &shape, bool backward, const GeneratedKernel &kernel,
                   mlir::ModuleOp module) {
  for (auto [part, function] : llvm::zip_equal(partsOf(backward), kernel.functions))
    part.emit(module, function.name, shape);
}

llvm::Expected<std::vector<GeneratedKernel>> addAttention(llvm::ArrayRef<AttentionRequest> requests,
                                                          mlir::MLIRContext &context,
                                                          GeneratedImage &image) {
  prepareContext(context);
  std::vector<GeneratedKernel> kernels;
  std::vector<std::vector<char>> modules;
  if (!image.image.empty()) // but for its zero byte
    modules.emplace_back(image.image.begin(), image.image.end() - 1);
  std::map<decltype(keyOf(requests[0])), size_t> done;
  for (const AttentionRequest &request : requests) {
    auto [it, isNew] = done.try_emplace(keyOf(request), kernels.size());
    if (!isNew) {
      kernels.push_back(kernels[it->second]);
      continue;
    }
    std::string name = "attention" + std::to_string(done.size() - 1);
    kernels.push_back(outlineAttention(request.shape, request.backward, name));
    mlir::OwningOpRef<mlir::ModuleOp> module =
        mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
    emitAttention(request.shape, request.backward, kernels.back(), *module);
    llvm::Expected<NativeModule> native = translateModule(*module);
    if (!native)
      return native.takeError();
    llvm::Expected<std::vector<char>> text = compileToPtx(*native);
    if (!text)
      return text.takeError();
    modules.push_back(std::move(*text));
  }
  image.image = joinPtx(modules);
  image.level = kGpuArchitecture.str();
  return kernels;
}

} // namespace tpc::codegen::gpu
