#include "KernelHarness.h"

#include "tests/unit/codegen/LinalgReference.h"

#include "dialects/tp/TP.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <dlfcn.h>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;

namespace tpc::codegen {

LoadedImage::LoadedImage(const std::vector<uint8_t> &image) {
  int file = memfd_create("kernels", MFD_CLOEXEC);
  EXPECT_EQ(write(file, image.data(), image.size()), static_cast<ssize_t>(image.size()));
  handle = dlopen(("/proc/self/fd/" + std::to_string(file)).c_str(), RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(handle, nullptr) << dlerror();
  close(file);
}
LoadedImage::~LoadedImage() {
  if (handle)
    dlclose(handle);
}
KernelFunction LoadedImage::function(const std::string &name) const {
  void *symbol = dlsym(handle, name.c_str());
  EXPECT_NE(symbol, nullptr) << name;
  return reinterpret_cast<KernelFunction>(symbol);
}

LoadedPtx::LoadedPtx(const std::vector<uint8_t> &image) {
  std::string_view text(reinterpret_cast<const char *>(image.data()));
  Result<fake_gpu::PtxModule> parsed = fake_gpu::PtxModule::parse(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  if (parsed.ok())
    module = std::make_unique<fake_gpu::PtxModule>(std::move(*parsed));
}

void LoadedPtx::launch(const GeneratedFunction &function, std::vector<void *> pointers,
                       std::vector<int64_t> scalars, const fake_gpu::MemoryMap &memory,
                       uint64_t seed) {
  ASSERT_TRUE(module);
  std::vector<void *> parameters;
  for (void *&pointer : pointers)
    parameters.push_back(&pointer);
  for (int64_t &scalar : scalars)
    parameters.push_back(&scalar);
  fake_gpu::LaunchShape shape;
  shape.grid[0] = static_cast<uint32_t>(function.tiles);
  shape.block[0] = function.threads;
  shape.sharedBytes = function.sharedBytes;
  fake_gpu::LaunchOptions options;
  options.blockOrder = seed;
  auto statistics = module->launch(function.name, shape, parameters.data(), memory, options);
  ASSERT_TRUE(statistics.ok()) << function.name << ": " << statistics.status().message();
  EXPECT_TRUE(mayApproximate || statistics->approximate == 0);
  for (const auto &[access, count] : statistics->loads)
    if (access.first == "global")
      loadedBytes[access.second] += access.second * count;
}

Memory::Memory(Type element, int64_t elements) : element(element) {
  count = elements * (element.getIntOrFloatBitWidth() / 8);
  bytes.reset(static_cast<char *>(std::aligned_alloc(64, (count + 63) / 64 * 64 + 64)));
  // What a kernel does not write shows as NaN.
  std::memset(bytes.get(), 0xff, count);
}
void Memory::set(const interpreter::Tensor &tensor) {
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (element.isF64())
      reinterpret_cast<double *>(data())[i] = tensor[i];
    else if (element.isF32())
      reinterpret_cast<float *>(data())[i] = static_cast<float>(tensor[i]);
    else if (element.isBF16()) {
      float value = static_cast<float>(tensor[i]);
      uint32_t image;
      std::memcpy(&image, &value, 4);
      reinterpret_cast<uint16_t *>(data())[i] = static_cast<uint16_t>(image >> 16);
    } else
      reinterpret_cast<int32_t *>(data())[i] = static_cast<int32_t>(tensor[i]);
  }
}
interpreter::Tensor Memory::get(ArrayRef<int64_t> shape) const {
  interpreter::Tensor tensor(interpreter::Shape(shape.begin(), shape.end()));
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (element.isF64())
      tensor[i] = reinterpret_cast<double *>(data())[i];
    else if (element.isF32())
      tensor[i] = reinterpret_cast<float *>(data())[i];
    else if (element.isBF16()) {
      uint32_t image = uint32_t{reinterpret_cast<uint16_t *>(data())[i]} << 16;
      float value;
      std::memcpy(&value, &image, 4);
      tensor[i] = value;
    } else
      tensor[i] = reinterpret_cast<int32_t *>(data())[i];
  }
  return tensor;
}

KernelHarness::KernelHarness(const std::string &text) {
  context.loadDialect<nn::NNDialect, tp::TPDialect>();
  module = parseSourceString<ModuleOp>(text, &context);
  EXPECT_TRUE(module) << text;
}

nn::KernelOp KernelHarness::kernel() {
  nn::KernelOp found;
  module->walk([&](nn::KernelOp op) { found = op; });
  return found;
}

void KernelHarness::bind(const std::string &name, std::vector<double> values) {
  module->walk([&](nn::ReadOp read) {
    if (read.getSource() == name)
      bindings[name] = interpreter::Tensor(interpreter::shapeOf(read), std::move(values));
  });
}

void KernelHarness::bindAll() {
  if (bound)
    return;
  bound = true;
  std::mt19937 random(7);
  module->walk([&](tp::OffsetOp) { scalars.push_back(0); });
  llvm::append_range(scalars, streamsOf(kernel()));
  module->walk([&](nn::ReadOp read) {
    std::string name = read.getSource().str();
    if (bindings.count(name))
      return;
    interpreter::Tensor tensor(interpreter::shapeOf(read));
    Type element = cast<RankedTensorType>(read.getType()).getElementType();
    for (double &value : tensor.data) {
      if (element.isInteger(32))
        value = random() % 4;
      else // exact in bf16
        value = (static_cast<int>(random() % 256) - 128) / 64.0;
    }
    bindings[name] = std::move(tensor);
  });
}

bool KernelHarness::compiles() {
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    diagnostics += diagnostic.str() + "\n";
    return success();
  });
  for (auto [target, image] :
       {std::pair(Target::Cpu, &generated), {Target::Cuda, &generatedForGpu}}) {
    CodegenOptions options;
    options.target = target;
    options.approximates = approximates;
    FailureOr<GeneratedImage> result = generateImage({kernel()}, options);
    if (failed(result))
      return false;
    *image = std::move(*result);
  }
  loaded = std::make_unique<LoadedImage>(generated.image);
  ptx = std::make_unique<LoadedPtx>(generatedForGpu.image);
  ptx->mayApproximate = approximates;
  return true;
}

KernelHarness::Buffers KernelHarness::allocate(const GeneratedKernel &functions) {
  bindAll();
  Buffers buffers;
  nn::KernelOp op = kernel();
  for (Value input : op.getInputs()) {
    auto type = dyn_cast<RankedTensorType>(input.getType());
    buffers.inputs.push_back(type ? Memory(type.getElementType(), type.getNumElements())
                                  : Memory());
    if (type)
      buffers.inputs.back().set(bindings[input.getDefiningOp<nn::ReadOp>().getSource().str()]);
  }
  for (Type type : op.getResultTypes()) {
    auto tensor = cast<RankedTensorType>(type);
    buffers.results.emplace_back(tensor.getElementType(), tensor.getNumElements());
  }
  buffers.workspace = Memory(IntegerType::get(&context, 8), functions.workspaceBytes);
  return buffers;
}

void *KernelHarness::Buffers::of(const FunctionOperand &operand) const {
  return operand.kind == FunctionOperand::Input    ? inputs[operand.index].data()
         : operand.kind == FunctionOperand::Result ? results[operand.index].data()
                                                   : workspace.data();
}

std::vector<Memory> KernelHarness::Buffers::take(const GeneratedKernel &kernel) {
  for (const GeneratedFunction &function : kernel.functions)
    for (const FunctionOperand &operand : function.operands)
      if (operand.sharedResult >= 0)
        std::memcpy(results[operand.sharedResult].data(), inputs[operand.index].data(),
                    results[operand.sharedResult].size());
  return std::move(results);
}

std::vector<Memory> KernelHarness::run(unsigned pieces) {
  const GeneratedKernel &functions = generated.kernels.front();
  Buffers buffers = allocate(functions);
  for (const GeneratedFunction &function : functions.functions) {
    std::vector<void *> pointers;
    for (const FunctionOperand &operand : function.operands)
      pointers.push_back(buffers.of(operand));
    KernelFunction call = loaded->function(function.name);
    // The last piece first: tiles are independent.
    for (unsigned piece = pieces; piece-- > 0;)
      call(pointers.data(), scalars.data(), function.tiles * piece / pieces,
           function.tiles * (piece + 1) / pieces);
  }
  return buffers.take(functions);
}

std::vector<Memory> KernelHarness::runOnGpu(uint64_t seed) {
  const GeneratedKernel &functions = generatedForGpu.kernels.front();
  Buffers buffers = allocate(functions);
  fake_gpu::MemoryMap memory;
  for (const std::vector<Memory> *all : {&buffers.inputs, &buffers.results})
    for (const Memory &one : *all)
      if (one.size())
        memory.add(one.data(), one.size(), all == &buffers.inputs ? "input" : "result");
  if (buffers.workspace.size())
    memory.add(buffers.workspace.data(), buffers.workspace.size(), "workspace");
  for (const GeneratedFunction &function : functions.functions) {
    std::vector<void *> pointers;
    for (const FunctionOperand &operand : function.operands)
      pointers.push_back(buffers.of(operand));
    ptx->launch(function, pointers, scalars, memory, seed);
  }
  return buffers.take(functions);
}

std::vector<Memory> KernelHarness::runLinalg() {
  Buffers buffers = allocate(GeneratedKernel());
  std::vector<LinalgArgument> arguments;
  size_t nextScalar = 0;
  auto tensor = [](Memory &memory, Type type) {
    return LinalgArgument{memory.data(), cast<RankedTensorType>(type).getShape().vec()};
  };
  for (auto [memory, input] : llvm::zip(buffers.inputs, kernel().getInputs()))
    arguments.push_back(input.getType().isIndex()
                            ? LinalgArgument{nullptr, {}, scalars[nextScalar++]}
                            : tensor(memory, input.getType()));
  for (uint32_t stream : streamsOf(kernel()))
    arguments.push_back({nullptr, {}, stream});
  for (auto [memory, type] : llvm::zip(buffers.results, kernel().getResultTypes()))
    arguments.push_back(tensor(memory, type));
  EXPECT_EQ(executeLinalg(kernel(), arguments), "");
  return std::move(buffers.results);
}

std::vector<interpreter::Tensor> KernelHarness::expected() {
  bindAll();
  FailureOr<interpreter::Outcome> outcome =
      interpreter::Interpreter::run(cast<nn::EntryOp>(kernel()->getParentOp()), bindings);
  EXPECT_TRUE(succeeded(outcome));
  return succeeded(outcome) ? outcome->outputs : std::vector<interpreter::Tensor>();
}

void KernelHarness::expectNear(const std::vector<Memory> &actual, double relative,
                               double absolute) {
  std::vector<interpreter::Tensor> reference = expected();
  ASSERT_EQ(reference.size(), actual.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    interpreter::Tensor got = actual[i].get(reference[i].shape);
    double worst = 0;
    int64_t where = -1;
    for (int64_t j = 0; j < got.size(); ++j) {
      double excess = std::abs(got[j] - reference[i][j]) /
                      std::max(absolute + relative * std::abs(reference[i][j]), 1e-300);
      if (!(excess <= worst)) {
        worst = std::isnan(excess) ? INFINITY : excess;
        where = j;
      }
    }
    EXPECT_LE(worst, 1) << "result " << i << "[" << where << "]: " << (where < 0 ? 0 : got[where])
                        << " instead of " << (where < 0 ? 0 : reference[i][where]);
  }
}

/// Whether the kernel computes in f64.
static bool isWide(nn::KernelOp kernel) {
  return llvm::any_of(kernel->getOperandTypes(),
                      [](Type type) { return getElementTypeOrSelf(type).isF64(); });
}

static void expectEqualBits(const std::vector<Memory> &first, const std::vector<Memory> &second,
                            const char *cause) {
  for (size_t i = 0; i < first.size(); ++i)
    EXPECT_EQ(std::memcmp(first[i].data(), second[i].data(), first[i].size()), 0)
        << "result " << i << " depends on " << cause;
}

void KernelHarness::check(double relative, double absolute) {
  ASSERT_TRUE(compiles()) << diagnostics;
  {
    SCOPED_TRACE("on cpu");
    std::vector<Memory> whole = run(1);
    for (unsigned pieces : {2u, 3u, 7u})
      expectEqualBits(whole, run(pieces), "the cuts");
    expectNear(whole, relative, absolute);
  }
  {
    SCOPED_TRACE("as linalg");
    double slack = isWide(kernel()) ? 0 : 1e-4;
    expectNear(runLinalg(), std::max(relative, slack), std::max(absolute, slack));
  }
  SCOPED_TRACE("as PTX");
  std::vector<Memory> ascending = runOnGpu();
  for (uint64_t seed : {1, 2})
    expectEqualBits(ascending, runOnGpu(seed), "the order of blocks");
  expectNear(ascending, relative, absolute);
}

} // namespace tpc::codegen
