//===- Attention.h - Attention as generated kernels for NVIDIA devices ---------------------===//
//
// The kernels that an Attention instruction of a plan for cuda lists: they do what the instruction
// says without a library. docs/codegen.md says how, and why so.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/Codegen.h"
#include "runtime/device/Device.h"

#include "mlir/IR/BuiltinOps.h"

#include "llvm/Support/Error.h"

namespace tpc::codegen::gpu {

/// The functions of attention, to be launched one after the other, and their workspace, without
/// generating code: for memory planning. Each takes all operands of the instruction in order:
/// forward q, k, v, o, lse, workspace; backward q, k, v, o, lse, do, dq, dk, dv, workspace. The
/// workspace is never empty. `name` begins the functions' names.
GeneratedKernel outlineAttention(const AttentionShape &shape, bool backward,
                                 llvm::StringRef name = "attention");

/// Emits those functions into a module of scf, arith, math and llvm.
void emitAttention(const AttentionShape &shape, bool backward, const GeneratedKernel &kernel,
                   mlir::ModuleOp module);

struct AttentionRequest {
  AttentionShape shape;
  bool backward;
};

/// Generates the kernels of all requests, equal ones once, and adds them to the PTX of an image for
/// cuda, which may be empty. One kernel per request, in order. A pure function, as generateImage
/// is.
llvm::Expected<std::vector<GeneratedKernel>> addAttention(llvm::ArrayRef<AttentionRequest> requests,
                                                          mlir::MLIRContext &context,
                                                          GeneratedImage &image);

} // namespace tpc::codegen::gpu
