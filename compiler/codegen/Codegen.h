//===- Codegen.h - Kernels to native code --------------------------------------------------===//
//
// What the rest of the compiler sees of code generation: which memory a kernel may share and needs,
// and the one image that holds the code of all kernels of a plan, for CPU or for NVIDIA GPUs.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

#include <string>
#include <vector>

namespace tpc::codegen {

/// A result that takes the place of an input, element by element: a pair of a kernel's in_place.
struct SharedMemory {
  unsigned result, input;
  bool operator==(const SharedMemory &) const = default;
};

/// One pointer of a function: an input of the kernel, a result of it, or the kernel's workspace.
/// A result in place of an input has no pointer of its own.
struct FunctionOperand {
  enum Kind : uint8_t { Input, Result, Workspace } kind;
  unsigned index = 0;
  bool isRead = false, isWritten = false;
  int sharedResult = -1; ///< of an input: the result that takes its place
};

/// What code is for.
enum class Target : uint8_t { Cpu, Cuda };

/// How bodies compute, where targets differ: in how they round to bf16, and in whether exp and 1/x
/// of f32 are right to the last bits or the GPU's own instructions (MathExpansion::approximateExp),
/// which are two to ten times as short.
enum class Arithmetic : uint8_t { Cpu, Cuda, CudaApproximate };

/// One function of the image, to be called for tiles [0, tiles), cut anywhere; on cuda to be
/// launched with so many blocks (runtime/device/kernel_abi.h). Its scalars are the index-typed
/// inputs of the kernel, in order, and then its streams.
struct GeneratedFunction {
  std::string name;
  int64_t tiles = 0;
  std::vector<FunctionOperand> operands;
  unsigned threads = 0;     ///< of a block; 0 on cpu
  unsigned sharedBytes = 0; ///< of memory that the launch gives each block
};

/// The functions of a kernel, to be called one after the other.
struct GeneratedKernel {
  std::vector<GeneratedFunction> functions;
  int64_t workspaceBytes = 0;
};

struct CodegenOptions {
  Target target = Target::Cpu;
  bool approximates = false;     ///< on cuda: Arithmetic::CudaApproximate
  std::string cpu = "x86-64-v3"; ///< or x86-64-v4, or native: what this machine has
  unsigned threads = 0;          ///< of the compiler; 0: as many as there are processors
};

struct GeneratedImage {
  std::vector<GeneratedKernel> kernels; ///< one per kernel op given; equal ones share functions
  /// An ELF shared object without relocations; for cuda PTX, which ends in a zero byte.
  std::vector<uint8_t> image;
  std::string level; ///< the processor level or GPU architecture that it needs
};

/// The hashed names of the streams of a kernel's dropouts, in the order of these.
std::vector<uint32_t> streamsOf(nn::KernelOp kernel);

/// The functions of a kernel without generating code: for memory planning. Fails with an emitted
/// error if the kernel is not legal.
mlir::FailureOr<GeneratedKernel> outlineKernel(nn::KernelOp kernel, Target target = Target::Cpu);

/// The (result, input) pairs of `kernel` that may be one memory: equal types, and the input's
/// elements are read only where the result's are set. Sharing is safe if in addition no other input
/// of the kernel overlaps the memory. On every target.
mlir::FailureOr<std::vector<SharedMemory>> mayShare(nn::KernelOp kernel);

/// Generates all kernels. A pure function of the kernels and options: the bytes do not depend on
/// threads, scopes or locations.
mlir::FailureOr<GeneratedImage> generateImage(llvm::ArrayRef<nn::KernelOp> kernels,
                                              const CodegenOptions &options);

} // namespace tpc::codegen
