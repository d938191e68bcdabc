//===- RunPlan.cpp - Compiles models and runs their plans, in one process ------------------===//
#include "RunPlan.h"

#include "PoisonPads.h"
#include "TestModule.h"

#include "compiler/driver/Pipeline.h"
#include "compiler/interpreter/VirtualRanks.h"
#include "runtime/exec/RunSession.h"
#include "runtime/plan/Convert.h"
#include "runtime/support/BFloat16.h"

#include "gtest/gtest.h"

namespace tpc::interpreter::test {

namespace {

void store(void *memory, plan::DType dtype, int64_t i, double value) {
  switch (dtype) {
  case plan::DType::f32:
    static_cast<float *>(memory)[i] = static_cast<float>(value);
    break;
  case plan::DType::f64:
    static_cast<double *>(memory)[i] = value;
    break;
  case plan::DType::bf16:
    static_cast<uint16_t *>(memory)[i] = floatToBfloat16(static_cast<float>(value));
    break;
  case plan::DType::i32:
    static_cast<int32_t *>(memory)[i] = static_cast<int32_t>(value);
    break;
  }
}

double load(const void *memory, plan::DType dtype, int64_t i) {
  switch (dtype) {
  case plan::DType::f32:
    return static_cast<const float *>(memory)[i];
  case plan::DType::f64:
    return static_cast<const double *>(memory)[i];
  case plan::DType::bf16:
    return bfloat16ToFloat(static_cast<const uint16_t *>(memory)[i]);
  case plan::DType::i32:
    break;
  }
  return static_cast<const int32_t *>(memory)[i];
}

/// Global tensors in and out of the buffers of all ranks.
class Buffers {
public:
  explicit Buffers(RunSession &session) : session(session) {}

  void set(int rank, uint32_t index, const Tensor &value) {
    const plan::Buffer &buffer = session.plan().buffer(index);
    Tensor part = splitTensor(value, fromPlan(*buffer.sharding()), session.plan().mesh(), 0)[rank];
    for (int64_t i = 0; i < part.size(); ++i)
      store(session.buffer(rank, index), buffer.dtype(), i, part[i]);
  }
  Tensor get(uint32_t index) {
    const plan::Buffer &buffer = session.plan().buffer(index);
    std::vector<Tensor> parts;
    for (int rank = 0; rank < session.numRanks(); ++rank) {
      Tensor part(Shape(buffer.local_shape()->begin(), buffer.local_shape()->end()));
      for (int64_t i = 0; i < part.size(); ++i)
        part[i] = load(session.buffer(rank, index), buffer.dtype(), i);
      parts.push_back(std::move(part));
    }
    std::string error;
    auto global = gatherTensor(parts, fromPlan(*buffer.sharding()), session.plan().mesh(), error);
    EXPECT_TRUE(global) << buffer.name()->str() << ": " << error;
    return global.value_or(Tensor());
  }

private:
  RunSession &session;
};

} // namespace

CompiledPlan compilePlan(const std::string &text, const CompileOptions &options, bool poisoned) {
  Compilation compilation(options);
  compilation.module = parseModule(text);
  int masks = 0;
  for (Step &step : makePipeline(options, &context())) {
    if (failed(step.run(compilation)))
      llvm::report_fatal_error(llvm::Twine("the pipeline fails in ") + step.name);
    if (poisoned && step.name == "prove-local")
      masks = poisonPads(*compilation.sharded, *compilation.module);
  }
  return {*PlanFile::fromBytes(compilation.plan), masks};
}

Outcome runTrain(const PlanFile &plan, const Bindings &bindings, int64_t steps) {
  constexpr int64_t first = 3; // drawBindings gives step and seed this value
  SessionOptions options;
  options.makeDevice = createCpuDevice;
  options.threadsPerRank = 1;
  auto created = RunSession::create(plan, std::move(options));
  if (!created.ok())
    llvm::report_fatal_error(llvm::Twine(created.status().message()));
  RunSession &session = **created;
  const plan::Entry &entry = *plan.findEntry("train");
  Buffers buffers(session);
  StepHooks hooks;
  hooks.bind = [&](int rank, int64_t step) {
    if (step == first) {
      for (const plan::Parameter *parameter : *plan->parameters())
        buffers.set(rank, parameter->buffer(), bindings.at(parameter->name()->str()));
      for (const plan::State *state : *plan->states())
        buffers.set(rank, state->buffer(), bindings.at(state->name()->str()));
    }
    for (const plan::Input *input : *entry.inputs())
      buffers.set(rank, input->buffer(), bindings.at(input->name()->str()));
    for (const plan::Scalar *scalar : *entry.scalars())
      buffers.set(rank, scalar->buffer(), bindings.at(scalar->name()->str()));
    for (int index : {entry.step_buffer(), entry.seed_buffer()})
      if (index >= 0)
        buffers.set(rank, index, Tensor::scalar(static_cast<double>(step)));
    return Status();
  };
  Outcome outcome;
  hooks.done = [&](int64_t, double) -> Result<bool> {
    outcome = {};
    for (const plan::Output *output : *entry.outputs())
      outcome.outputs.push_back(buffers.get(output->buffer()));
    for (const plan::Parameter *parameter : *plan->parameters())
      outcome.writes[parameter->name()->str()] = buffers.get(parameter->buffer());
    for (const plan::State *state : *plan->states())
      outcome.writes[state->name()->str()] = buffers.get(state->buffer());
    return true;
  };
  Status status = session.runSteps(entry, first, steps, hooks);
  EXPECT_TRUE(status.ok()) << status.message();
  return outcome;
}

} // namespace tpc::interpreter::test
