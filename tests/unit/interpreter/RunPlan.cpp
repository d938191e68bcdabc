//===- RunPlan.cpp - Compiles models and runs their plans, in one process ------------------===//
#include "RunPlan.h"

#include "PoisonPads.h"
#include "TestModule.h"

#include "compiler/driver/Pipeline.h"
#include "compiler/interpreter/VirtualRanks.h"
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

  Status set(int rank, uint32_t index, const Tensor &value) {
    const plan::Buffer &buffer = session.plan().buffer(index);
    Tensor part = splitTensor(value, fromPlan(*buffer.sharding()), session.plan().mesh(), 0)[rank];
    return session.write(rank, index, [&](void *memory) {
      for (int64_t i = 0; i < part.size(); ++i)
        store(memory, buffer.dtype(), i, part[i]);
      return Status();
    });
  }
  /// Of each item of a list of the plan, what is bound to its name.
  Status setAll(int rank, const auto *list, const Bindings &bindings) {
    if (list)
      for (const auto *item : *list)
        TPC_RETURN_IF_ERROR(set(rank, item->buffer(), bindings.at(item->name()->str())));
    return Status();
  }
  Status getAll(const auto *list, Bindings &bindings) {
    if (list)
      for (const auto *item : *list) {
        TPC_ASSIGN_OR_RETURN(Tensor value, get(item->buffer()));
        bindings[item->name()->str()] = std::move(value);
      }
    return Status();
  }
  Result<Tensor> get(uint32_t index) {
    const plan::Buffer &buffer = session.plan().buffer(index);
    std::vector<Tensor> parts;
    for (int rank = 0; rank < session.numRanks(); ++rank) {
      Tensor part(Shape(buffer.local_shape()->begin(), buffer.local_shape()->end()));
      TPC_RETURN_IF_ERROR(session.read(rank, index, [&](const void *memory) {
        for (int64_t i = 0; i < part.size(); ++i)
          part[i] = load(memory, buffer.dtype(), i);
        return Status();
      }));
      parts.push_back(std::move(part));
    }
    std::string error;
    auto global = gatherTensor(parts, fromPlan(*buffer.sharding()), session.plan().mesh(), error);
    if (!global)
      return Status(Code::Difference, buffer.name()->str() + ": " + error);
    return std::move(*global);
  }

private:
  RunSession &session;
};

} // namespace

mlir::FailureOr<CompiledPlan> tryCompilePlan(const std::string &text, const CompileOptions &options,
                                             bool poisoned) {
  Compilation compilation(options);
  compilation.module = parseModule(text);
  int masks = 0;
  for (Step &step : makePipeline(options, &context())) {
    if (failed(step.run(compilation)))
      return mlir::failure();
    if (poisoned && step.name == "prove-local")
      masks = poisonPads(*compilation.sharded, *compilation.module);
  }
  return CompiledPlan{*PlanFile::fromBytes(compilation.plan), std::move(compilation.grad), masks};
}

CompiledPlan compilePlan(const std::string &text, const CompileOptions &options, bool poisoned) {
  auto compiled = tryCompilePlan(text, options, poisoned);
  if (failed(compiled))
    llvm::report_fatal_error("the test's model cannot be compiled");
  return std::move(*compiled);
}

SessionOptions cpuSession() {
  SessionOptions options;
  options.makeDevice = createCpuDevice;
  options.threadsPerRank = 1;
  return options;
}

Outcome runEntry(RunSession &session, const std::string &name, const Bindings &bindings,
                 int64_t steps) {
  constexpr int64_t first = 3; // drawBindings gives step and seed this value
  const PlanFile &plan = session.plan();
  const plan::Entry &entry = *plan.findEntry(name);
  Buffers buffers(session);
  StepHooks hooks;
  hooks.bind = [&](int rank, int64_t step) -> Status {
    if (step == first) {
      TPC_RETURN_IF_ERROR(buffers.setAll(rank, plan->parameters(), bindings));
      TPC_RETURN_IF_ERROR(buffers.setAll(rank, plan->states(), bindings));
    }
    TPC_RETURN_IF_ERROR(buffers.setAll(rank, entry.inputs(), bindings));
    TPC_RETURN_IF_ERROR(buffers.setAll(rank, entry.scalars(), bindings));
    for (int index : {entry.step_buffer(), entry.seed_buffer()})
      if (index >= 0)
        TPC_RETURN_IF_ERROR(buffers.set(rank, index, Tensor::scalar(static_cast<double>(step))));
    return Status();
  };
  Outcome outcome;
  hooks.done = [&](int64_t, double) -> Result<bool> {
    outcome = {};
    for (const plan::Output *output : *entry.outputs()) {
      TPC_ASSIGN_OR_RETURN(Tensor value, buffers.get(output->buffer()));
      outcome.outputs.push_back(std::move(value));
    }
    TPC_RETURN_IF_ERROR(buffers.getAll(plan->parameters(), outcome.writes));
    TPC_RETURN_IF_ERROR(buffers.getAll(plan->states(), outcome.writes));
    return true;
  };
  Status status = session.runSteps(entry, first, steps, hooks);
  EXPECT_TRUE(status.ok()) << status.message();
  return outcome;
}

Outcome runTrain(const PlanFile &plan, const Bindings &bindings, int64_t steps) {
  auto session = RunSession::create(plan, cpuSession());
  if (!session.ok())
    llvm::report_fatal_error(llvm::Twine(session.status().message()));
  return runEntry(**session, "train", bindings, steps);
}

} // namespace tpc::interpreter::test
