//===- RunPlan.cpp - Compiles models and runs their plans, in one process ------------------===//
#include "RunPlan.h"

#include "PoisonPads.h"
#include "TestModule.h"

#include "compiler/driver/Pipeline.h"
#include "compiler/interpreter/VirtualRanks.h"
#include "runtime/exec/RunSession.h"
#include "runtime/plan/Convert.h"

#include "gtest/gtest.h"

namespace tpc::interpreter::test {

namespace {

/// Global tensors in and out of the buffers of all ranks.
class Buffers {
public:
  explicit Buffers(RunSession &session) : session(session) {}

  void set(int rank, uint32_t index, const Tensor &value) {
    const plan::Buffer &buffer = session.plan().buffer(index);
    Tensor part = splitTensor(value, fromPlan(*buffer.sharding()), session.plan().mesh(), 0)[rank];
    for (int64_t i = 0; i < part.size(); ++i)
      if (buffer.dtype() == plan::DType::f64)
        static_cast<double *>(session.buffer(rank, index))[i] = part[i];
      else
        static_cast<int32_t *>(session.buffer(rank, index))[i] =
            static_cast<int32_t>(part.integer(i));
  }
  Tensor get(uint32_t index) {
    const plan::Buffer &buffer = session.plan().buffer(index);
    std::vector<Tensor> parts;
    for (int rank = 0; rank < session.numRanks(); ++rank) {
      Tensor part(Shape(buffer.local_shape()->begin(), buffer.local_shape()->end()));
      for (int64_t i = 0; i < part.size(); ++i)
        part[i] = static_cast<const double *>(session.buffer(rank, index))[i];
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

Outcome runTrain(const PlanFile &plan, const Bindings &bindings) {
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
  hooks.bind = [&](int rank, int64_t) {
    for (const plan::Parameter *parameter : *plan->parameters())
      buffers.set(rank, parameter->buffer(), bindings.at(parameter->name()->str()));
    for (const plan::State *state : *plan->states())
      buffers.set(rank, state->buffer(), bindings.at(state->name()->str()));
    for (const plan::Input *input : *entry.inputs())
      buffers.set(rank, input->buffer(), bindings.at(input->name()->str()));
    for (const plan::Scalar *scalar : *entry.scalars())
      buffers.set(rank, scalar->buffer(), bindings.at(scalar->name()->str()));
    for (int index : {entry.step_buffer(), entry.seed_buffer()})
      if (index >= 0) // drawBindings gives both the same value
        buffers.set(rank, index, Tensor::scalar(3));
    return Status();
  };
  Outcome outcome;
  hooks.done = [&](int64_t, double) -> Result<bool> {
    for (const plan::Output *output : *entry.outputs())
      outcome.outputs.push_back(buffers.get(output->buffer()));
    for (const plan::Parameter *parameter : *plan->parameters())
      outcome.writes[parameter->name()->str()] = buffers.get(parameter->buffer());
    for (const plan::State *state : *plan->states())
      outcome.writes[state->name()->str()] = buffers.get(state->buffer());
    return true;
  };
  Status status = session.runSteps(entry, 3, 1, hooks);
  EXPECT_TRUE(status.ok()) << status.message();
  return outcome;
}

} // namespace tpc::interpreter::test
