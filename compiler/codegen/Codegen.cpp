//===- Codegen.cpp - Kernels of a plan to one image ----------------------------------------===//
//
// Equal kernels are compiled once, so that the time to compile does not grow with depth. Building
// and lowering share one MLIR context and run in order; LLVM's part, which takes most of the time,
// runs on threads, one module each, and is joined in the order of kernels.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/codegen/Codegen.h"

#include "compiler/codegen/LoopEmitter.h"
#include "compiler/codegen/NativeCode.h"
#include "compiler/codegen/Tiling.h"
#include "compiler/codegen/gpu/LaneEmitter.h"
#include "compiler/codegen/gpu/Ptx.h"
#include "runtime/io/Philox.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Module.h"

#include <atomic>
#include <map>
#include <thread>

using namespace mlir;

namespace tpc::codegen {

namespace {

/// What an op says beside its operands, but for streams: they are arguments.
Attribute propertiesOf(Operation &op) {
  Attribute properties = op.getPropertiesAsAttribute();
  auto dropout = dyn_cast<nn::DropoutOp>(op);
  if (!dropout)
    return properties;
  NamedAttrList kept(cast<DictionaryAttr>(properties));
  kept.erase(dropout.getStreamAttrName());
  return kept.getDictionary(op.getContext());
}

/// What the code of a kernel depends on: its region with values numbered, without names, scopes
/// and phases.
std::string keyOf(nn::KernelOp kernel) {
  std::string key;
  llvm::raw_string_ostream os(key);
  llvm::DenseMap<Value, unsigned> number;
  for (Value argument : kernel.getBody().front().getArguments()) {
    number.try_emplace(argument, number.size());
    os << argument.getType() << ',';
  }
  for (Operation &op : kernel.getBody().front()) {
    os << '\n' << op.getName() << '(';
    for (Value operand : op.getOperands())
      os << number.lookup(operand) << ',';
    os << ')';
    for (NamedAttribute attribute : op.getDiscardableAttrs())
      if (attribute.getName() != nn::kScopeAttr && attribute.getName() != nn::kPhaseAttr)
        os << attribute.getName().getValue() << '=' << attribute.getValue() << ';';
    if (Attribute properties = propertiesOf(op))
      os << properties;
    for (Value result : op.getResults()) {
      number.try_emplace(result, number.size());
      os << ':' << result.getType();
    }
  }
  if (Attribute sharing = kernel.getInPlaceAttr())
    os << '\n' << sharing;
  return key;
}

std::vector<SharedMemory> sharable(const BodyGraph &graph) {
  std::vector<SharedMemory> pairs;
  ArrayRef<KernelTensor> tensors = graph.tensors();
  for (const Store &store : graph.stores()) {
    const KernelTensor &result = tensors[graph.numInputs() + store.result];
    if (store.begin)
      pairs.push_back({store.result, *store.begin});
    bool isWhole = store.kind == Store::Element &&
                   ArrayRef<int64_t>(result.shape) == ArrayRef<int64_t>(graph.domain().shape);
    for (unsigned input = 0; isWhole && input < graph.numInputs(); ++input) {
      const KernelTensor &tensor = tensors[input];
      if (tensor.isRead && tensor.isReadInPlace && tensor.element == result.element &&
          tensor.shape == result.shape)
        pairs.push_back({store.result, input});
    }
  }
  return pairs;
}

FailureOr<std::vector<SharedMemory>> sharingOf(nn::KernelOp kernel, const BodyGraph &graph) {
  std::vector<SharedMemory> sharing;
  ArrayRef<int64_t> pairs = kernel.getInPlace().value_or(ArrayRef<int64_t>());
  if (pairs.empty())
    return sharing;
  std::vector<SharedMemory> allowed = sharable(graph);
  for (size_t i = 0; i < pairs.size(); i += 2) {
    SharedMemory pair{static_cast<unsigned>(pairs[i]), static_cast<unsigned>(pairs[i + 1])};
    if (!llvm::is_contained(allowed, pair))
      return kernel.emitOpError() << "result " << pairs[i] << " cannot take the place of input "
                                  << pairs[i + 1] << "; give it memory of its own";
    sharing.push_back(pair);
  }
  return sharing;
}

/// "layer_normalize+mul" as part of a symbol.
std::string symbolOf(StringRef name) {
  std::string symbol;
  for (char c : name)
    symbol += llvm::isAlnum(c) ? c : '_';
  return symbol;
}

struct Job {
  NativeModule module;
  std::vector<char> object;
  std::string error;
};

/// What a kernel computes, and which of its results may overwrite operands.
struct Body {
  std::unique_ptr<BodyGraph> graph;
  std::vector<SharedMemory> sharing;
};

Arithmetic arithmeticOf(const CodegenOptions &options) {
  if (options.target == Target::Cpu)
    return Arithmetic::Cpu;
  return options.approximates ? Arithmetic::CudaApproximate : Arithmetic::Cuda;
}

FailureOr<Body> bodyOf(nn::KernelOp kernel, Arithmetic arithmetic) {
  FailureOr<std::unique_ptr<BodyGraph>> graph = BodyGraph::build(kernel, arithmetic);
  if (failed(graph))
    return failure();
  FailureOr<std::vector<SharedMemory>> sharing = sharingOf(kernel, **graph);
  if (failed(sharing))
    return failure();
  return Body{std::move(*graph), std::move(*sharing)};
}

void compileAll(std::vector<Job> &jobs, Target target, StringRef level, unsigned threads) {
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i; (i = next++) < jobs.size();) {
      llvm::Expected<std::vector<char>> object = target == Target::Cuda
                                                     ? compileToPtx(jobs[i].module)
                                                     : compileModule(jobs[i].module, level);
      if (object)
        jobs[i].object = std::move(*object);
      else
        jobs[i].error = llvm::toString(object.takeError());
    }
  };
  if (threads == 0)
    threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> workers;
  for (size_t i = 1; i < std::min<size_t>(threads, jobs.size()); ++i)
    workers.emplace_back(work);
  work();
  for (std::thread &worker : workers)
    worker.join();
}

} // namespace

std::vector<uint32_t> streamsOf(nn::KernelOp kernel) {
  std::vector<uint32_t> streams;
  for (auto dropout : kernel.getBody().getOps<nn::DropoutOp>())
    streams.push_back(philoxNameHash(dropout.getStream()));
  return streams;
}

FailureOr<GeneratedKernel> outlineKernel(nn::KernelOp kernel, Target target) {
  prepareContext(*kernel.getContext());
  FailureOr<Body> body = bodyOf(kernel, arithmeticOf({.target = target}));
  if (failed(body))
    return failure();
  return outline(*body->graph, body->sharing, symbolOf(kernel.getName()), target);
}

FailureOr<std::vector<SharedMemory>> mayShare(nn::KernelOp kernel) {
  prepareContext(*kernel.getContext());
  FailureOr<std::unique_ptr<BodyGraph>> graph = BodyGraph::build(kernel, Arithmetic::Cpu);
  if (failed(graph))
    return failure();
  return sharable(**graph);
}

FailureOr<GeneratedImage> generateImage(ArrayRef<nn::KernelOp> kernels,
                                        const CodegenOptions &options) {
  GeneratedImage image;
  if (kernels.empty())
    return image;
  MLIRContext &context = *kernels.front()->getContext();
  prepareContext(context);
  Operation *anchor = kernels.front();
  bool isGpu = options.target == Target::Cuda;
  llvm::Expected<std::string> level =
      isGpu ? llvm::Expected<std::string>(kGpuArchitecture.str()) : resolveCpu(options.cpu);
  if (!level)
    return anchor->emitError() << llvm::toString(level.takeError());
  image.level = *level;

  std::map<std::string, size_t> done;
  std::vector<Job> jobs;
  std::vector<nn::KernelOp> origin;
  for (nn::KernelOp kernel : kernels) {
    auto [it, isNew] = done.try_emplace(keyOf(kernel), image.kernels.size());
    if (!isNew) {
      image.kernels.push_back(image.kernels[it->second]);
      continue;
    }
    FailureOr<Body> body = bodyOf(kernel, arithmeticOf(options));
    if (failed(body))
      return failure();
    std::string name = "k" + std::to_string(jobs.size()) + "_" + symbolOf(kernel.getName());
    GeneratedKernel functions = outline(*body->graph, body->sharing, name, options.target);
    OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
    if (isGpu)
      emitGpuFunctions(*body->graph, functions, *module);
    else
      emitFunctions(*body->graph, functions, *module);
    llvm::Expected<NativeModule> native = translateModule(*module);
    if (!native)
      return kernel.emitOpError() << llvm::toString(native.takeError());
    jobs.emplace_back();
    jobs.back().module = std::move(*native);
    origin.push_back(kernel);
    image.kernels.push_back(std::move(functions));
  }
  compileAll(jobs, options.target, *level, options.threads);
  std::vector<std::vector<char>> objects;
  for (auto [job, kernel] : llvm::zip(jobs, origin)) {
    if (!job.error.empty())
      return kernel.emitOpError() << job.error;
    objects.push_back(std::move(job.object));
  }
  if (isGpu) {
    image.image = joinPtx(objects);
    return image;
  }
  llvm::Expected<std::vector<uint8_t>> linked = linkImage(objects);
  if (!linked) // no line of the model is to blame
    return emitError(UnknownLoc::get(&context)) << llvm::toString(linked.takeError());
  image.image = std::move(*linked);
  return image;
}

} // namespace tpc::codegen
