//===- PlanFixture.cpp - Small plans made by hand ---------------------------------------------===//

#include "PlanFixture.h"

#include "runtime/plan/PlanWriter.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace tpc;
using namespace tpc::test;

PlanBuilder::PlanBuilder(Mesh mesh) : mesh(std::move(mesh)) {
  plan.compiler_version = "test";
  plan.model_name = "by-hand.mlir";
  plan.target = "cpu";
  plan.precision = "f32";
  plan.mesh = toPlan(this->mesh);
}

uint32_t PlanBuilder::arena(plan::ArenaKind kind) {
  auto arena = std::make_unique<plan::ArenaT>();
  arena->kind = kind;
  plan.arenas.push_back(std::move(arena));
  return static_cast<uint32_t>(plan.arenas.size() - 1);
}

uint32_t PlanBuilder::buffer(const std::string &name, uint32_t arena, DType dtype,
                             const Sharding &sharding) {
  auto buffer = std::make_unique<plan::BufferT>();
  buffer->name = name;
  buffer->arena = arena;
  buffer->dtype = toPlan(dtype);
  buffer->global_shape = sharding.globalShape();
  buffer->local_shape = sharding.localShape(mesh);
  buffer->bytes = byteSize(dtype);
  for (int64_t size : buffer->local_shape)
    buffer->bytes *= size;
  buffer->sharding = toPlan(sharding);
  uint64_t &end = plan.arenas[arena]->bytes;
  buffer->offset = end;
  end += (buffer->bytes + 63) / 64 * 64;
  plan.buffers.push_back(std::move(buffer));
  return static_cast<uint32_t>(plan.buffers.size() - 1);
}

Use PlanBuilder::workspace(uint64_t bytes) {
  auto isWorkspace = [](const auto &arena) { return arena->kind == plan::ArenaKind::workspace; };
  auto found = std::find_if(plan.arenas.begin(), plan.arenas.end(), isWorkspace);
  uint32_t place = found == plan.arenas.end() ? arena(plan::ArenaKind::workspace)
                                              : static_cast<uint32_t>(found - plan.arenas.begin());
  // As GPUs' libraries want it.
  uint64_t &end = plan.arenas[place]->bytes;
  end = (end + 255) / 256 * 256;
  uint32_t made = buffer("workspace", place, DType::F32,
                         Sharding::replicated({static_cast<int64_t>((bytes + 3) / 4)}));
  return writes(made, kFirstScratchValue + made);
}

void PlanBuilder::parameter(const std::string &name, uint32_t buffer, plan::InitKind kind, double a,
                            double b) {
  auto parameter = std::make_unique<plan::ParameterT>();
  parameter->name = name;
  parameter->buffer = buffer;
  parameter->init = std::make_unique<plan::InitT>();
  parameter->init->kind = kind;
  parameter->init->a = a;
  parameter->init->b = b;
  parameter->draw = static_cast<uint32_t>(plan.parameters.size());
  plan.parameters.push_back(std::move(parameter));
}

plan::EntryT &PlanBuilder::entry(const std::string &name) {
  plan.entries.push_back(std::make_unique<plan::EntryT>());
  plan.entries.back()->name = name;
  sequence_ = 0;
  return *plan.entries.back();
}

plan::InstructionT &PlanBuilder::instruction(const std::string &name, const std::vector<Use> &uses,
                                             uint8_t stream, std::vector<uint32_t> waits) {
  auto instruction = std::make_unique<plan::InstructionT>();
  instruction->name = name;
  instruction->location =
      "by-hand.mlir:" + std::to_string(plan.entries.back()->instructions.size());
  instruction->stream = stream;
  instruction->waits = std::move(waits);
  for (const Use &use : uses) {
    auto slice = std::make_unique<plan::SliceT>();
    slice->buffer = use.buffer;
    slice->offset = use.offset;
    slice->bytes = use.bytes == ~0ull ? plan.buffers[use.buffer]->bytes : use.bytes;
    slice->access = use.access;
    slice->value = use.value;
    slice->written_value = use.writtenValue;
    instruction->operands.push_back(std::move(slice));
  }
  plan.entries.back()->instructions.push_back(std::move(instruction));
  return *plan.entries.back()->instructions.back();
}

plan::InstructionT &PlanBuilder::gemm(const std::string &name, const GemmShape &shape,
                                      const std::vector<Use> &uses, uint8_t stream,
                                      std::vector<uint32_t> waits) {
  plan::GemmT gemm;
  gemm.m = shape.m;
  gemm.n = shape.n;
  gemm.k = shape.k;
  gemm.transpose_a = shape.transposeA;
  gemm.transpose_b = shape.transposeB;
  gemm.accumulate = shape.accumulate;
  gemm.lda = shape.lda;
  gemm.ldb = shape.ldb;
  gemm.ldc = shape.ldc;
  gemm.dtype = toPlan(shape.dtype);
  gemm.result_dtype = toPlan(shape.resultDtype);
  std::vector<Use> operands = uses;
  gemm.workspace_bytes = cpuGemmWorkspace(shape);
  if (gemm.workspace_bytes)
    operands.push_back(workspace(gemm.workspace_bytes));
  plan::InstructionT &result = instruction(name, operands, stream, std::move(waits));
  result.body.Set(std::move(gemm));
  result.flops = 2 * shape.m * shape.n * shape.k;
  return result;
}

plan::InstructionT &PlanBuilder::fill(const std::string &name, double value, Use use) {
  plan::FillT fill;
  fill.value = value;
  fill.dtype = plan.buffers[use.buffer]->dtype;
  plan::InstructionT &result = instruction(name, {use});
  result.body.Set(std::move(fill));
  return result;
}

plan::InstructionT &PlanBuilder::copy(const std::string &name, Use source, Use destination) {
  plan::InstructionT &result = instruction(name, {source, destination});
  result.body.Set(plan::CopyT());
  return result;
}

plan::InstructionT &PlanBuilder::allReduce(const std::string &name, uint8_t axis, Use input,
                                           Use output, uint8_t stream,
                                           std::vector<uint32_t> waits) {
  const plan::BufferT &b = *plan.buffers[input.buffer];
  auto tensor = std::make_unique<plan::CollectiveTensorT>();
  tensor->outer = tensor->mid = 1;
  tensor->inner = static_cast<int64_t>(b.bytes / byteSize(fromPlan(b.dtype)));
  tensor->dtype = b.dtype;
  plan::CollectiveT collective;
  collective.kind = plan::CollectiveKind::all_reduce;
  collective.axis = axis;
  collective.tensors.push_back(std::move(tensor));
  collective.sequence = sequence_++;
  plan::InstructionT &result = instruction(name, {input, output}, stream, std::move(waits));
  result.body.Set(std::move(collective));
  result.bytes = wireBytes(CollectiveKind::AllReduce, b.bytes, mesh.axisSize(axis));
  return result;
}

std::vector<uint8_t> PlanBuilder::seal() { return sealPlan(plan); }

PlanFile PlanBuilder::load() {
  Result<PlanFile> file = PlanFile::fromBytes(seal());
  if (!file.ok()) {
    std::fprintf(stderr, "the plan of a test does not load: %s\n", file.status().message().c_str());
    std::abort();
  }
  return std::move(*file);
}

PlanBuilder tpc::test::rowSplitLinear(int64_t ranks) {
  PlanBuilder b(Mesh{{{"tp", ranks}}});
  uint32_t parameters = b.arena(plan::ArenaKind::parameters);
  uint32_t inputs = b.arena(plan::ArenaKind::inputs);
  uint32_t activations = b.arena(plan::ArenaKind::activations);
  const int64_t k = 8 / ranks;
  auto columnsSplit = [&](int64_t rows) {
    return Sharding{{wholeDim(rows), splitDim(8, 0, b.mesh)}, {}};
  };
  Sharding whole = Sharding::replicated({4, 6});
  b.buffer("w", parameters, DType::F32, columnsSplit(6));
  b.buffer("x", inputs, DType::F32, columnsSplit(4));
  b.buffer("part", activations, DType::F32,
           ranks > 1 ? whole.withPartial(0, ReduceKind::Sum) : whole);
  b.buffer("y", activations, DType::F32, whole);
  b.buffer("ones", activations, DType::F32, Sharding::replicated({24}));
  b.buffer("loss", activations, DType::F32, Sharding::replicated({}));
  b.buffer("c", activations, DType::F32, Sharding::replicated({6, 1}));
  b.buffer("step", inputs, DType::I32, Sharding::replicated({}));
  b.parameter("fc.weight", kW, plan::InitKind::constant, 0.5);

  for (bool train : {true, false}) {
    plan::EntryT &entry = b.entry(train ? "train" : "forward");
    entry.step_buffer = kStep;
    auto input = std::make_unique<plan::InputT>();
    input->name = "x";
    input->buffer = kX;
    for (int i = 0; i < 32; ++i)
      input->default_f64.push_back(0.25 * (i % 7) - 0.1 * (i % 5));
    entry.inputs.push_back(std::move(input));
    for (auto [name, buffer, value] : {std::tuple("loss", kLoss, 6u), std::tuple("y", kY, 4u)}) {
      auto output = std::make_unique<plan::OutputT>();
      output->name = name;
      output->buffer = buffer;
      output->value = value;
      entry.outputs.push_back(std::move(output));
    }
    GemmShape product{.m = 4, .n = 6, .k = k, .transposeB = true, .lda = k, .ldb = k, .ldc = 6};
    b.gemm("fc: linear", product, {reads(kX, 1), reads(kW, 2), writes(kPart, 3)});
    plan::InstructionT &reduce =
        b.allReduce("fc: all_reduce", 0, reads(kPart, 3), writes(kY, 4), /*stream=*/1, {0});
    reduce.why = "row split of fc.weight leaves partial sums, and the loss needs whole ones";
    b.fill("ones", 1.0, writes(kOnes, 5));
    GemmShape sum{.m = 1, .n = 1, .k = 24, .lda = 24, .ldb = 1, .ldc = 1};
    b.gemm("loss: sum", sum, {reads(kY, 4), reads(kOnes, 5), writes(kLoss, 6)}, 0, {1});
    if (!train)
      continue;
    b.fill("c", -0.125, writes(kC, 7));
    GemmShape update{.m = 6, .n = k, .k = 1, .accumulate = true, .lda = 1, .ldb = k, .ldc = k};
    b.gemm("fc: update", update,
           {reads(kC, 7),
            {kX, plan::Access::read, 1, 0, 0, static_cast<uint64_t>(4 * k)},
            updates(kW, 2, 8)})
        .phase = plan::Phase::update;
  }
  return b;
}

plan::InstructionT &tpc::test::train(plan::PlanT &plan, size_t i) {
  return *plan.entries[0]->instructions[i];
}

std::string tpc::test::refusal(const std::vector<uint8_t> &bytes) {
  Result<PlanFile> file = PlanFile::fromBytes(bytes);
  return file.status().code() == Code::InvalidInput ? file.status().message() : "";
}

std::string tpc::test::refusalAfter(const Mutation &mutate, PlanBuilder b) {
  mutate(b.plan);
  return refusal(b.seal());
}

PlanBuilder tpc::test::holds(int64_t elements, int64_t ranks) {
  PlanBuilder b(Mesh{{{"tp", ranks}}});
  Sharding split{{ranks > 1 ? splitDim(elements, 0, b.mesh) : wholeDim(elements)}, {}};
  uint32_t w = b.buffer("w", b.arena(plan::ArenaKind::parameters), DType::F32, split);
  uint32_t out =
      b.buffer("out", b.arena(plan::ArenaKind::activations), DType::F32, Sharding::replicated({}));
  b.parameter("w", w, plan::InitKind::ones);
  b.entry("train").outputs.push_back(std::make_unique<plan::OutputT>());
  b.fill("fill", 1, writes(out, 1));
  b.plan.entries[0]->outputs[0]->name = "loss";
  b.plan.entries[0]->outputs[0]->buffer = out;
  b.plan.entries[0]->outputs[0]->value = 1;
  return b;
}
