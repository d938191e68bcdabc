//===- EmitEntry.cpp - The instructions of one entry --------------------------------------===//

#include "compiler/emit/EmitEntry.h"

#include "compiler/emit/EmitDeclarations.h"
#include "compiler/emit/LibrarySteps.h"
#include "compiler/emit/ValueNumbers.h"
#include "compiler/fusion/Accumulate.h"
#include "compiler/schedule/StepCost.h"
#include "dialects/nn/Types.h"
#include "dialects/tp/TP.h"
#include "runtime/plan/Convert.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <numeric>

using namespace mlir;
using namespace tpc;

static plan::Phase planPhase(nn::Phase phase) {
  switch (phase) {
  case nn::Phase::Forward:
    return plan::Phase::forward;
  case nn::Phase::Backward:
    return plan::Phase::backward;
  case nn::Phase::Update:
    return plan::Phase::update;
  }
  return plan::Phase::forward;
}

/// "mlp.mlir:12:5", the first place that the location names.
static std::string locationText(Location location) {
  std::string text;
  location->walk([&](Location inner) {
    auto file = dyn_cast<FileLineColLoc>(inner);
    if (!file)
      return WalkResult::advance();
    text = (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" +
            Twine(file.getColumn()))
               .str();
    return WalkResult::interrupt();
  });
  return text;
}

namespace {

class EntryEmitter {
public:
  EntryEmitter(nn::EntryOp entry, const MemoryPlan &memory, const KernelTable &kernels,
               const Mesh &mesh, const Hardware &hardware)
      : entry(entry), memory(memory), kernels(kernels), mesh(mesh), hardware(hardware),
        numbers(entry), result(std::make_unique<plan::EntryT>()) {}

  FailureOr<std::unique_ptr<plan::EntryT>> run() {
    result->name = entry.getSymName().str();
    emitBindings(entry, memory, *result);
    for (Operation &op : entry.getBody().front()) {
      if (failed(emit(&op)))
        return failure();
      ++opIndex;
    }
    for (const auto &instruction : result->instructions)
      result->flops += instruction->flops;
    return std::move(result);
  }

private:
  LogicalResult emit(Operation *op) {
    if (auto write = dyn_cast<nn::WriteOp>(op))
      return emitWrite(write);
    if (auto terminator = dyn_cast<nn::ReturnOp>(op))
      return emitOutputs(terminator);
    if (!isStep(op))
      return success();
    if (auto kernel = dyn_cast<nn::KernelOp>(op))
      return emitKernel(kernel);
    if (auto library = dyn_cast<nn::LibraryOp>(op))
      return emitLibrary(library);
    if (tp::isCollective(op))
      return emitCollective(op);
    if (auto slice = dyn_cast<tp::SliceOp>(op))
      return emitSlice(slice);
    return op->emitOpError("has no form in a plan");
  }

  //===--- what all instructions have ---===//

  plan::InstructionT &addInstruction(Operation *op) {
    auto instruction = std::make_unique<plan::InstructionT>();
    instruction->name = stepName(op);
    instruction->op = opIndex;
    instruction->stream = streamOf(op);
    instruction->location = locationText(op->getLoc());
    if (auto scope = op->getAttrOfType<StringAttr>(nn::kScopeAttr))
      instruction->scope = scope.str();
    if (std::optional<nn::Phase> phase = nn::phaseOf(op))
      instruction->phase = planPhase(*phase);
    result->instructions.push_back(std::move(instruction));
    return *result->instructions.back();
  }

  void setCost(plan::InstructionT &instruction, const StepCost &cost) {
    instruction.flops = cost.flops;
    instruction.bytes = cost.bytes;
    instruction.picoseconds = cost.time;
  }
  void setCost(plan::InstructionT &instruction, Operation *op) {
    setCost(instruction, costOf(op, mesh, hardware));
  }

  static void addSlice(plan::InstructionT &instruction, uint32_t buffer, uint64_t bytes,
                       plan::Access access, uint32_t value, uint32_t written = 0) {
    auto slice = std::make_unique<plan::SliceT>();
    slice->buffer = buffer;
    slice->bytes = bytes;
    slice->access = access;
    slice->value = value;
    slice->written_value = written;
    instruction.operands.push_back(std::move(slice));
  }
  void addSlice(plan::InstructionT &instruction, Value value, plan::Access access) {
    addSlice(instruction, memory.bufferOf(value), nn::bytesOf(value), access, numbers[value]);
  }
  void addReads(plan::InstructionT &instruction, OperandRange values) {
    for (Value value : values)
      addSlice(instruction, value, plan::Access::read);
  }
  void addWrites(plan::InstructionT &instruction, ResultRange values) {
    for (Value value : values)
      addSlice(instruction, value, plan::Access::write);
  }

  //===--- library calls ---===//

  LogicalResult emitLibrary(nn::LibraryOp op) {
    plan::InstructionT &instruction = addInstruction(op);
    setCost(instruction, op);
    nn::LibraryStep step = op.getLibraryStep();
    if (auto *gemm = std::get_if<nn::GemmStep>(&step)) {
      addSlice(instruction, op->getOperand(gemm->a), plan::Access::read);
      addSlice(instruction, op->getOperand(gemm->b), plan::Access::read);
      addSlice(instruction, op->getResult(0), plan::Access::write);
      if (Value bias = biasOf(op))
        addSlice(instruction, bias, plan::Access::read);
      setGemm(instruction, toShape(op, *gemm), addWorkspace(instruction, op));
    } else
      emitAttention(instruction, op, std::get<nn::AttentionStep>(step));
    return success();
  }

  /// A product that adds to what is in its place.
  LogicalResult emitAccumulation(nn::KernelOp kernel, nn::LibraryOp product) {
    Value sum = kernel.getInputs()[accumulatedInput(kernel)], result = kernel->getResult(0);
    if (memory.bufferOf(sum) != memory.bufferOf(result))
      return kernel.emitOpError("adds to an input, but memory was planned apart");
    auto step = std::get<nn::GemmStep>(product.getLibraryStep());
    plan::InstructionT &instruction = addInstruction(kernel);
    setCost(instruction, kernel);
    for (unsigned operand : {step.a, step.b}) {
      auto argument = cast<BlockArgument>(product->getOperand(operand));
      addSlice(instruction, kernel.getInputs()[argument.getArgNumber()], plan::Access::read);
    }
    addSlice(instruction, memory.bufferOf(result), nn::bytesOf(result), plan::Access::read_write,
             numbers[sum], numbers[result]);
    GemmShape shape = toShape(product, step);
    shape.accumulate = true;
    setGemm(instruction, shape, addWorkspace(instruction, kernel));
    return success();
  }

  static void setGemm(plan::InstructionT &instruction, const GemmShape &shape,
                      uint64_t workspaceBytes) {
    plan::GemmT gemm;
    gemm.m = shape.m;
    gemm.n = shape.n;
    gemm.k = shape.k;
    gemm.batch = shape.batch;
    gemm.transpose_a = shape.transposeA;
    gemm.transpose_b = shape.transposeB;
    gemm.lda = shape.lda;
    gemm.ldb = shape.ldb;
    gemm.ldc = shape.ldc;
    gemm.stride_a = shape.strideA;
    gemm.stride_b = shape.strideB;
    gemm.stride_c = shape.strideC;
    gemm.dtype = toPlan(shape.dtype);
    gemm.result_dtype = toPlan(shape.resultDtype);
    gemm.accumulate = shape.accumulate;
    gemm.bias = shape.bias;
    gemm.workspace_bytes = workspaceBytes;
    instruction.body.Set(std::move(gemm));
  }

  void emitAttention(plan::InstructionT &instruction, Operation *op,
                     const nn::AttentionStep &step) {
    plan::AttentionT attention;
    attention.batch = step.batch;
    attention.query_length = step.queryLength;
    attention.key_length = step.keyLength;
    attention.heads = step.heads;
    attention.kv_heads = step.kvHeads;
    attention.size = step.size;
    attention.causal = step.causal;
    attention.scale = step.scale;
    attention.backward = step.backward;
    attention.dtype = toPlan(toShape(op, step).dtype);
    addReads(instruction, op->getOperands());
    addWrites(instruction, op->getResults());
    attention.workspace_bytes = addWorkspace(instruction, op);
    if (const codegen::GeneratedKernel *generated = kernels.attention(op))
      for (const codegen::GeneratedFunction &function : generated->functions)
        attention.kernels.push_back(std::make_unique<plan::KernelLaunchT>(launchOf(function)));
    instruction.body.Set(std::move(attention));
  }

  /// Adds the operand, if the step has a workspace; its bytes.
  uint64_t addWorkspace(plan::InstructionT &instruction, Operation *op) {
    std::optional<MemoryPlan::Workspace> workspace = memory.workspaceOf(op);
    if (!workspace)
      return 0;
    addSlice(instruction, workspace->buffer, workspace->bytes, plan::Access::write,
             numbers.fresh());
    return workspace->bytes;
  }

  //===--- generated kernels ---===//

  LogicalResult emitKernel(nn::KernelOp kernel) {
    if (nn::LibraryOp product = accumulatedProduct(kernel))
      return emitAccumulation(kernel, product);
    const codegen::GeneratedKernel &code = kernels[kernel];
    std::vector<std::unique_ptr<plan::ScalarArgumentT>> scalars;
    for (Value input : kernel.getInputs()) {
      if (!isa<IndexType>(input.getType()))
        continue;
      auto offset = input.getDefiningOp<tp::OffsetOp>();
      if (!offset)
        return kernel.emitOpError("has an index input that is no tp.offset");
      scalars.push_back(emitOffset(offset));
    }
    for (uint32_t stream : codegen::streamsOf(kernel)) {
      scalars.push_back(std::make_unique<plan::ScalarArgumentT>());
      scalars.back()->constant = stream;
    }
    // What each pointer's bytes hold, while the functions of the kernel run one after the other.
    uint32_t scratch = memory.workspaceOf(kernel) ? numbers.fresh() : 0;
    llvm::SmallDenseSet<unsigned> overwritten;
    for (auto [position, function] : llvm::enumerate(code.functions)) {
      plan::InstructionT &instruction = addInstruction(kernel);
      // The work is told once, at the first function.
      if (position == 0)
        setCost(instruction, kernel);
      else
        instruction.name += " (sum of " + std::to_string(code.functions[0].tiles) + " blocks)";
      for (const codegen::FunctionOperand &operand : function.operands)
        if (failed(addOperand(instruction, kernel, operand, scratch, overwritten)))
          return failure();
      plan::KernelLaunchT launch = launchOf(function);
      for (const auto &scalar : scalars)
        launch.scalars.push_back(std::make_unique<plan::ScalarArgumentT>(*scalar));
      instruction.body.Set(std::move(launch));
    }
    return success();
  }

  static plan::KernelLaunchT launchOf(const codegen::GeneratedFunction &function) {
    plan::KernelLaunchT launch;
    launch.image = 0;
    launch.function = function.name;
    launch.tiles = function.tiles;
    launch.threads = function.threads;
    launch.shared_bytes = function.sharedBytes;
    return launch;
  }

  std::unique_ptr<plan::ScalarArgumentT> emitOffset(tp::OffsetOp offset) {
    auto scalar = std::make_unique<plan::ScalarArgumentT>();
    if (std::optional<StringRef> axis = offset.getAxis()) {
      scalar->axis = *mesh.findAxis(axis->str());
      scalar->stride = offset.getExtent();
    }
    return scalar;
  }

  LogicalResult addOperand(plan::InstructionT &instruction, nn::KernelOp kernel,
                           const codegen::FunctionOperand &operand, uint32_t scratch,
                           llvm::SmallDenseSet<unsigned> &overwritten) {
    plan::Access access = operand.isRead
                              ? operand.isWritten ? plan::Access::read_write : plan::Access::read
                              : plan::Access::write;
    if (operand.kind == codegen::FunctionOperand::Workspace) {
      MemoryPlan::Workspace workspace = *memory.workspaceOf(kernel);
      addSlice(instruction, workspace.buffer, workspace.bytes, access, scratch, scratch);
      return success();
    }
    if (operand.kind == codegen::FunctionOperand::Result) {
      Value value = kernel->getResult(operand.index);
      addSlice(instruction, memory.bufferOf(value), nn::bytesOf(value), access, numbers[value],
               numbers[value]);
      return success();
    }
    Value input = kernel.getInputs()[operand.index];
    uint32_t value = numbers[input], written = value;
    if (operand.sharedResult >= 0) {
      Value shared = kernel->getResult(operand.sharedResult);
      if (memory.bufferOf(shared) != memory.bufferOf(input))
        return kernel.emitOpError()
               << "leaves result " << operand.sharedResult << " in the place of input "
               << operand.index << ", but memory was planned apart";
      written = numbers[shared];
      if (access == plan::Access::write)
        value = written;
    }
    if (overwritten.contains(operand.index))
      value = written;
    if (operand.isWritten)
      overwritten.insert(operand.index);
    addSlice(instruction, memory.bufferOf(input), nn::bytesOf(input), access, value, written);
    return success();
  }

  //===--- collectives ---===//

  LogicalResult emitCollective(Operation *op) {
    auto axis = mesh.findAxis(op->getAttrOfType<StringAttr>("axis").str());
    if (!axis)
      return op->emitOpError("names an axis that the mesh lacks");
    plan::CollectiveT collective;
    collective.axis = *axis;
    collective.sequence = nextSequence++;
    collective.kind = toPlan(collectiveKind(op));
    if (auto reduce = dyn_cast<tp::AllReduceOp>(op); reduce && reduce.getKind() == tp::Reduce::max)
      collective.reduce = plan::ReduceKind::max;

    plan::InstructionT &instruction = addInstruction(op);
    instruction.why = op->getAttrOfType<StringAttr>("why").str();
    for (auto [input, output] : llvm::zip_equal(op->getOperands(), op->getResults())) {
      collective.tensors.push_back(emitTensor(op, input, output));
      unsigned tensor = collective.tensors.size() - 1;
      if (const codegen::GeneratedFunction *reduction = kernels.reduction(op, tensor))
        collective.tensors.back()->kernel =
            std::make_unique<plan::KernelLaunchT>(launchOf(*reduction));
    }
    addReads(instruction, op->getOperands());
    addWrites(instruction, op->getResults());
    setCost(instruction, op);
    instruction.body.Set(std::move(collective));
    return success();
  }

  static std::unique_ptr<plan::CollectiveTensorT> emitTensor(Operation *collective, Value input,
                                                             Value output) {
    int64_t elements = nn::typeOf(input).getNumElements();
    return TypeSwitch<Operation *, std::unique_ptr<plan::CollectiveTensorT>>(collective)
        .Case([&](tp::AllGatherOp op) { return seenAlong(input, op.getDim(), op.getDim() + 1); })
        .Case(
            [&](tp::ReduceScatterOp op) { return seenAlong(output, op.getDim(), op.getDim() + 1); })
        .Case([&](tp::AllToAllOp op) {
          auto [first, second] = std::minmax({op.getFromDim(), op.getToDim()});
          auto tensor = seenAlong(input, first, second);
          tensor->outward = op.getToDim() == first;
          return tensor;
        })
        .Default([&](Operation *) { return makeTensor(input, 1, elements, 1); });
  }

  /// The dims from `begin` on are the middle one, those from `end` on the inner one.
  static std::unique_ptr<plan::CollectiveTensorT> seenAlong(Value local, int64_t begin,
                                                            int64_t end) {
    ArrayRef<int64_t> shape = nn::shapeOf(local);
    auto product = [](ArrayRef<int64_t> extents) {
      return std::accumulate(extents.begin(), extents.end(), int64_t(1), std::multiplies<>());
    };
    return makeTensor(local, product(shape.take_front(begin)),
                      product(shape.slice(begin, end - begin)), product(shape.drop_front(end)));
  }

  static std::unique_ptr<plan::CollectiveTensorT> makeTensor(Value local, int64_t outer,
                                                             int64_t mid, int64_t inner) {
    auto tensor = std::make_unique<plan::CollectiveTensorT>();
    tensor->outer = outer;
    tensor->mid = mid;
    tensor->inner = inner;
    tensor->dtype = toPlanDType(nn::elementOf(local));
    return tensor;
  }

  /// A rank's part: the source's extent along the dim need not be a multiple of the part's.
  LogicalResult emitSlice(tp::SliceOp op) {
    auto part = seenAlong(op.getY(), op.getDim(), op.getDim() + 1);
    plan::CopyT copy;
    copy.outer = part->outer;
    copy.source_extent = nn::typeOf(op.getX()).getDimSize(op.getDim());
    copy.extent = part->mid;
    copy.inner_bytes = part->inner * byteSize(fromPlan(part->dtype));
    copy.axis = *mesh.findAxis(op.getAxis().str());
    plan::InstructionT &instruction = addInstruction(op);
    instruction.why = op.getWhy().str();
    setCost(instruction, op);
    addSlice(instruction, op.getX(), plan::Access::read);
    addSlice(instruction, op.getY(), plan::Access::write);
    instruction.body.Set(std::move(copy));
    return success();
  }

  //===--- writes and outputs ---===//

  /// Nothing to do where the value was computed in its symbol's buffer.
  LogicalResult emitWrite(nn::WriteOp write) {
    uint32_t target = memory.bufferOf(storageSymbol(write, write.getTargetAttr()));
    if (memory.bufferOf(write.getValue()) == target)
      return success();
    plan::InstructionT &instruction = addInstruction(write);
    addSlice(instruction, write.getValue(), plan::Access::read);
    addSlice(instruction, target, nn::bytesOf(write.getValue()), plan::Access::write,
             numbers.fresh());
    int64_t bytes = 2 * nn::bytesOf(write.getValue());
    setCost(instruction, {0, bytes, computeTime(hardware, 0, bytes)});
    instruction.body.Set(plan::CopyT());
    return success();
  }

  LogicalResult emitOutputs(nn::ReturnOp terminator) {
    for (auto [name, value] :
         llvm::zip_equal(entry.getOutputs().getAsRange<StringAttr>(), terminator.getValues())) {
      auto output = std::make_unique<plan::OutputT>();
      output->name = name.str();
      output->buffer = memory.bufferOf(value);
      output->value = numbers[rootOf(value)];
      if (nn::shapeOf(value) != memory.buffers()[output->buffer].type.getShape())
        output->shape = nn::shapeOf(value).vec();
      result->outputs.push_back(std::move(output));
    }
    return success();
  }

  nn::EntryOp entry;
  const MemoryPlan &memory;
  const KernelTable &kernels;
  const Mesh &mesh;
  const Hardware &hardware;
  ValueNumbers numbers;
  uint32_t nextSequence = 0;
  uint32_t opIndex = 0; ///< of the op at hand in the entry's block
  std::unique_ptr<plan::EntryT> result;
};

} // namespace

FailureOr<std::unique_ptr<plan::EntryT>> tpc::emitEntry(nn::EntryOp entry, const MemoryPlan &memory,
                                                        const KernelTable &kernels,
                                                        const Mesh &mesh,
                                                        const Hardware &hardware) {
  return EntryEmitter(entry, memory, kernels, mesh, hardware).run();
}
