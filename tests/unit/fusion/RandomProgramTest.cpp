//===- RandomProgramTest.cpp - Random programs, fused, compiled and run --------------------===//
//
// What fusion decides and what code generation makes of it must mean the same as the program.
// Random programs of ops on one domain, its rows, its columns and scalars are fused; their kernels
// are compiled in float64, for CPU and for GPUs (whose code is executed on the host), and run in
// order, and every output is compared with the interpreter's. Some inputs are narrow, and widened
// in the program; numbers in them are exact.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/fusion/Fusion.h"
#include "dialects/tp/TP.h"
#include "tests/unit/codegen/KernelHarness.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace mlir;

namespace tpc {
namespace {

/// An entry whose ops are drawn from `seed`.
class RandomProgram {
public:
  RandomProgram(MLIRContext &context, unsigned seed)
      : b(&context), random(seed), module(ModuleOp::create(b.getUnknownLoc())) {
    int64_t rows = 1 + pick(7), columns = std::vector<int64_t>{1, 3, 8, 37, 130}[pick(5)];
    // Every other program has the four dims that rope takes.
    SmallVector<int64_t> shape = {2, rows};
    if (hasHeads = seed % 2; hasHeads)
      shape.append({3, 2 * columns});
    else
      shape.push_back(columns);
    full = tensor(shape);
    row = tensor(ArrayRef(shape).drop_back());
    column = tensor(shape.back());
    scalar = tensor({});
    allDims = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
    build(6 + pick(14));
  }

  nn::EntryOp entry() { return *module->getOps<nn::EntryOp>().begin(); }
  interpreter::Bindings bindings;

private:
  unsigned pick(size_t count) { return random() % count; }
  RankedTensorType tensor(ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, b.getF64Type());
  }
  Value any(Type type) {
    std::vector<Value> fitting;
    for (Value value : values)
      if (value.getType() == type)
        fitting.push_back(value);
    // Late values more often, so that chains arise.
    size_t late = std::min<size_t>(fitting.size(), 4);
    return pick(3) ? fitting[fitting.size() - 1 - pick(late)] : fitting[pick(fitting.size())];
  }
  template <typename Op, typename... Args> Op op(Args &&...args) {
    auto created = Op::create(b, b.getUnknownLoc(), std::forward<Args>(args)...);
    for (Value result : created->getResults())
      values.push_back(result);
    return created;
  }
  void input(const std::string &name, RankedTensorType type) {
    interpreter::Tensor value(interpreter::Shape(type.getShape().begin(), type.getShape().end()));
    for (double &element : value.data)
      element = (random() % 2001) / 1000.0 - 1;
    bindings[name] = value;
    op<nn::ReadOp>(type, name);
  }
  void narrowInput(const std::string &name, RankedTensorType type) {
    interpreter::Tensor value(interpreter::Shape(type.getShape().begin(), type.getShape().end()));
    for (double &element : value.data)
      element = (static_cast<int>(random() % 256) - 128) / 64.0; // exact in bf16
    bindings[name] = value;
    narrow.push_back(nn::ReadOp::create(b, b.getUnknownLoc(), type.clone(b.getBF16Type()), name));
  }
  /// A narrow input, widened; or another value of its type.
  Value anyMaybeNarrow(RankedTensorType type) {
    Value value = narrow[type == full ? pick(2) : 2];
    return pick(2) ? any(type) : op<nn::CastOp>(type, value, UnitAttr()).getY();
  }
  DenseI64ArrayAttr dims(ArrayRef<int64_t> which) { return b.getDenseI64ArrayAttr(which); }
  void step();
  void build(unsigned count);

  OpBuilder b;
  std::mt19937 random;
  OwningOpRef<ModuleOp> module;
  bool hasHeads = false;
  RankedTensorType full, row, column, scalar;
  SmallVector<int64_t> allDims;
  std::vector<Value> values, narrow;
};

void RandomProgram::step() {
  FloatAttr eps = b.getF64FloatAttr(1e-2);
  switch (pick(20)) {
  case 0:
    op<nn::TanhOp>(full, any(full));
    break;
  case 1:
    op<nn::GeluOp>(full, any(full), UnitAttr());
    break;
  case 2:
    op<nn::ScaleOp>(full, any(full), b.getF64FloatAttr(0.5));
    break;
  case 3:
    op<nn::AddOp>(full, ValueRange{any(full), any(full), any(full)});
    break;
  case 4:
    op<nn::MulOp>(full, op<nn::TanhOp>(full, any(full)), any(full));
    break;
  case 5:
    op<nn::MulOp>(full, any(full), any(column));
    break;
  case 6:
    op<nn::SubOp>(full, any(full), any(column));
    break;
  case 7:
    op<nn::LayerNormalizeOp>(full, row, any(full), eps);
    break;
  case 8: {
    auto norm = op<nn::RmsNormalizeOp>(full, row, any(full), eps);
    op<nn::RmsNormalizeGradOp>(full, any(full), norm.getXhat(), norm.getRstd());
    break;
  }
  case 9:
    op<nn::LayerNormalizeGradOp>(full, any(full), op<nn::TanhOp>(full, any(full)), any(row));
    break;
  case 10:
    op<nn::SumOp>(row, any(full), dims(allDims.back()));
    break;
  case 11:
    op<nn::SumOp>(column, any(full), dims(ArrayRef(allDims).drop_back()));
    break;
  case 12:
    op<nn::SumOp>(scalar, any(full), dims(allDims));
    break;
  case 13:
    op<nn::BroadcastOp>(full, any(row), any(full), dims(allDims.back()));
    break;
  case 14:
    op<nn::TanhOp>(row, any(row));
    break;
  case 15:
    op<nn::MulOp>(full, any(full), op<nn::TanhOp>(scalar, any(scalar)));
    break;
  case 16:
    op<nn::SumOp>(scalar, any(row), dims(ArrayRef(allDims).drop_back()));
    break;
  case 17:
    op<nn::MulOp>(full, anyMaybeNarrow(full), anyMaybeNarrow(pick(2) ? full : column));
    break;
  case 18:
    op<nn::GeluGradOp>(full, anyMaybeNarrow(full), anyMaybeNarrow(full), UnitAttr());
    break;
  case 19:
    if (hasHeads)
      op<nn::RopeOp>(full, anyMaybeNarrow(full), ValueRange(), b.getF64FloatAttr(100.0),
                     pick(2) ? b.getUnitAttr() : UnitAttr());
    break;
  }
}

void RandomProgram::build(unsigned count) {
  b.setInsertionPointToEnd(module->getBody());
  OperationState state(b.getUnknownLoc(), nn::EntryOp::getOperationName());
  state.addAttribute("sym_name", b.getStringAttr("e"));
  state.addAttribute("outputs", b.getArrayAttr({}));
  Block *block = new Block;
  state.addRegion()->push_back(block);
  Operation *entry = b.create(state);
  b.setInsertionPointToEnd(block);
  input("a", full);
  input("b", full);
  input("r", row);
  input("c", column);
  input("s", scalar);
  narrowInput("na", full);
  narrowInput("nb", full);
  narrowInput("nc", column);
  size_t inputs = values.size();
  for (unsigned i = 0; i < count; ++i)
    step();
  SmallVector<Value> outputs;
  SmallVector<Attribute> names;
  for (size_t i = inputs; i < values.size(); ++i)
    if (values[i].use_empty() || pick(4) == 0) {
      names.push_back(b.getStringAttr("o" + std::to_string(names.size())));
      outputs.push_back(values[i]);
    }
  entry->setAttr("outputs", b.getArrayAttr(names));
  nn::ReturnOp::create(b, b.getUnknownLoc(), outputs);
}

/// Runs the kernels of a fused entry; the values that it returns.
std::vector<interpreter::Tensor>
runKernels(nn::EntryOp entry, const interpreter::Bindings &bindings, codegen::Target target) {
  std::vector<interpreter::Tensor> outputs;
  SmallVector<nn::KernelOp> kernels(entry.getOps<nn::KernelOp>());
  codegen::CodegenOptions options;
  options.target = target;
  auto image = codegen::generateImage(kernels, options);
  EXPECT_TRUE(succeeded(image));
  if (failed(image))
    return outputs;
  bool onGpu = target == codegen::Target::Cuda;
  std::optional<codegen::LoadedImage> code;
  std::optional<codegen::LoadedPtx> ptx;
  if (onGpu)
    ptx.emplace(image->image);
  else
    code.emplace(image->image);
  llvm::DenseMap<Value, codegen::Memory> memory;
  auto allocate = [&](Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    memory.try_emplace(value, type.getElementType(), type.getNumElements());
  };
  size_t next = 0;
  for (Operation &op : entry.getBody().front()) {
    for (Value result : op.getResults())
      allocate(result);
    if (auto read = dyn_cast<nn::ReadOp>(op))
      memory.find(read)->second.set(bindings.at(read.getSource().str()));
    auto kernel = dyn_cast<nn::KernelOp>(op);
    if (!kernel)
      continue;
    const codegen::GeneratedKernel &generated = image->kernels[next++];
    codegen::Memory workspace(IntegerType::get(entry.getContext(), 8), generated.workspaceBytes);
    for (const codegen::GeneratedFunction &function : generated.functions) {
      std::vector<void *> pointers;
      for (const codegen::FunctionOperand &operand : function.operands) {
        using codegen::FunctionOperand;
        pointers.push_back(operand.kind == FunctionOperand::Workspace ? workspace.data()
                           : operand.kind == FunctionOperand::Input
                               ? memory.find(kernel.getInputs()[operand.index])->second.data()
                               : memory.find(kernel.getResult(operand.index))->second.data());
      }
      if (onGpu) {
        fake_gpu::MemoryMap map;
        // Of three adjacent bf16 LLVM makes one aligned load of four: buffers are allocated so far.
        for (auto &[value, bytes] : memory)
          map.add(bytes.data(), llvm::alignTo(bytes.size(), 8), "value");
        if (workspace.size())
          map.add(workspace.data(), workspace.size(), "workspace");
        ptx->launch(function, pointers, {}, map);
        continue;
      }
      int64_t half = function.tiles / 2;
      code->function(function.name)(pointers.data(), nullptr, half, function.tiles);
      code->function(function.name)(pointers.data(), nullptr, 0, half);
    }
  }
  for (Value value : entry.getBody().front().getTerminator()->getOperands())
    outputs.push_back(
        memory.find(value)->second.get(cast<RankedTensorType>(value.getType()).getShape()));
  return outputs;
}

TEST(RandomProgram, MeansTheSameFused) {
  MLIRContext context;
  context.loadDialect<nn::NNDialect, tp::TPDialect>();
  unsigned kernels = 0, ops = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomProgram program(context, seed);
    nn::EntryOp entry = program.entry();
    ASSERT_TRUE(succeeded(verify(entry)));
    auto expected = interpreter::Interpreter::run(entry, program.bindings);
    ASSERT_TRUE(succeeded(expected));
    ops += std::distance(entry.getBody().front().begin(), entry.getBody().front().end()) - 6;
    fuseEntry(entry);
    ASSERT_TRUE(succeeded(verify(entry)));
    ASSERT_TRUE(succeeded(verifyFused(entry)));
    kernels += llvm::range_size(entry.getOps<nn::KernelOp>());
    for (codegen::Target target : {codegen::Target::Cpu, codegen::Target::Cuda}) {
      SCOPED_TRACE(target == codegen::Target::Cpu ? "on cpu" : "as PTX");
      std::vector<interpreter::Tensor> got = runKernels(entry, program.bindings, target);
      ASSERT_EQ(got.size(), expected->outputs.size());
      for (size_t i = 0; i < got.size(); ++i) {
        double scale = 1, worst = 0;
        for (double value : expected->outputs[i].data)
          scale = std::max(scale, std::abs(value));
        for (int64_t j = 0; j < got[i].size(); ++j) {
          double difference = std::abs(got[i][j] - expected->outputs[i][j]);
          worst = std::isnan(difference) ? INFINITY : std::max(worst, difference);
        }
        EXPECT_LE(worst, 1e-9 * scale) << "output " << i;
      }
    }
  }
  // Otherwise this tests nothing.
  EXPECT_LT(kernels * 2, ops);
}

} // namespace
} // namespace tpc
