//===- KernelHarness.h - Compiles a kernel, runs it, runs the interpreter ------------------===//
//
// A test gives the text of a module with one entry that holds one nn.kernel on nn.read values. The
// kernel is compiled for CPU and loaded as a device does, and run with its tiles cut in several
// ways; it is compiled for GPUs and its PTX is executed on the host, with its blocks in several
// orders; its linalg is lowered by upstream's passes. All are compared with the interpreter.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/Codegen.h"
#include "compiler/interpreter/Interpreter.h"
#include "runtime/device/kernel_abi.h"
#include "tests/fake_gpu/PtxModule.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tpc::codegen {

/// A loaded image.
class LoadedImage {
public:
  explicit LoadedImage(const std::vector<uint8_t> &image);
  ~LoadedImage();
  KernelFunction function(const std::string &name) const;

private:
  void *handle = nullptr;
};

/// PTX, executed on the host.
class LoadedPtx {
public:
  /// Fails the present test if the text is not understood.
  explicit LoadedPtx(const std::vector<uint8_t> &image);
  /// All blocks, in the order that `seed` gives; failures fail the present test.
  void launch(const GeneratedFunction &function, std::vector<void *> pointers,
              std::vector<int64_t> scalars, const fake_gpu::MemoryMap &memory, uint64_t seed = 0);
  /// Bytes that were loaded from global memory, by the bytes of an access.
  std::map<unsigned, uint64_t> loadedBytes;
  bool mayApproximate = false;

private:
  std::unique_ptr<fake_gpu::PtxModule> module;
};

/// Bytes of a tensor of one element type, 64-byte aligned.
class Memory {
public:
  Memory() = default;
  Memory(mlir::Type element, int64_t elements);
  void set(const interpreter::Tensor &tensor);
  interpreter::Tensor get(llvm::ArrayRef<int64_t> shape) const;
  void *data() const { return bytes.get(); }
  size_t size() const { return count; }

private:
  mlir::Type element;
  struct Free {
    void operator()(char *p) const { std::free(p); }
  };
  std::unique_ptr<char, Free> bytes;
  size_t count = 0;
};

class KernelHarness {
public:
  explicit KernelHarness(const std::string &text);

  /// Sets the value of an input that the text reads; others are drawn from [-2, 2), and integers
  /// from [0, 4).
  void bind(const std::string &name, std::vector<double> values);

  /// Whether compilation for all targets works; the diagnostics are in `diagnostics`.
  bool compiles();
  std::string diagnostics;

  /// Runs the kernel with `pieces` cuts; its results. Results that share memory with an input are
  /// read there.
  std::vector<Memory> run(unsigned pieces);
  /// The same by executing the kernel's PTX, blocks in the order that `seed` gives.
  std::vector<Memory> runOnGpu(uint64_t seed = 0);
  /// The same by lowering the kernel's linalg to plain loops.
  std::vector<Memory> runLinalg();
  /// The interpreter's results.
  std::vector<interpreter::Tensor> expected();

  /// Runs with several cuts, and with several orders of blocks, expects equal bits of each, and
  /// expects every element within absolute + relative * |expected| of the interpreter's. Plain
  /// loops add one number after the other, and may be off by more in float32.
  void check(double relative, double absolute);

  nn::KernelOp kernel();
  const GeneratedImage &image() { return generated; }
  LoadedImage &code() { return *loaded; }
  LoadedPtx &gpuCode() { return *ptx; }
  std::vector<int64_t> scalars;
  /// See CodegenOptions: of the PTX.
  bool approximates = false;

private:
  void bindAll();
  /// Memory for the kernel, with its inputs.
  struct Buffers {
    std::vector<Memory> inputs, results;
    Memory workspace;
    void *of(const FunctionOperand &operand) const;
    /// What is in place of an input is copied out of it.
    std::vector<Memory> take(const GeneratedKernel &kernel);
  };
  Buffers allocate(const GeneratedKernel &kernel);
  void expectNear(const std::vector<Memory> &actual, double relative, double absolute);

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  interpreter::Bindings bindings;
  GeneratedImage generated, generatedForGpu;
  std::unique_ptr<LoadedPtx> ptx;
  std::unique_ptr<LoadedImage> loaded;
  bool bound = false;
};

} // namespace tpc::codegen
