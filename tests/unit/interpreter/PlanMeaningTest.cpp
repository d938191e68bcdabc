//===- PlanMeaningTest.cpp - Plans of tiny models, run, against the interpreter ------------===//
//
// The whole pipeline in float64: a training step of a plan on CPU ranks must give what the entry
// @train of level grad means. Sizes are odd on purpose, so that heads, vocabularies and hidden
// sizes are padded on some meshes.
//
//===---------------------------------------------------------------------------------------===//
#include "TestModels.h"

#include "algebra/CoordinateMap.h"
#include "compiler/driver/Pipeline.h"
#include "compiler/interpreter/VirtualRanks.h"
#include "runtime/exec/RunSession.h"
#include "runtime/plan/Convert.h"

#include "gtest/gtest.h"

namespace tpc::interpreter::test {

namespace {

/// The plan of a model on a mesh.
PlanFile compile(const std::string &text, const Mesh &mesh, SequenceParallel sequenceParallel) {
  CompileOptions options;
  options.mesh = mesh;
  options.precision = "f64";
  options.sequenceParallel = sequenceParallel;
  Compilation compilation(options);
  compilation.module = parseModule(text);
  for (Step &step : makePipeline(options, &context()))
    if (failed(step.run(compilation)))
      llvm::report_fatal_error(llvm::Twine("the pipeline fails in ") + step.name);
  return *PlanFile::fromBytes(compilation.plan);
}

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

/// One step of @train from these values; outputs in order, parameters and states by name.
Outcome runPlan(const PlanFile &plan, const Bindings &bindings) {
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

struct Model {
  std::string name;
  std::string (*text)(const ModelSizes &, const std::string &);
  ModelSizes sizes;
};

const Model kModels[] = {
    {"mlp_odd", mlpText, {.batch = 3, .hidden = 5, .inner = 7}},
    {"gpt", gptText, {}},
    {"gpt_odd_heads", gptText, {.layers = 2, .batch = 1, .hidden = 5, .heads = 3, .size = 2}},
    {"llama_odd_groups",
     llamaText,
     {.vocab = 13, .hidden = 6, .heads = 6, .kvHeads = 3, .size = 2, .inner = 7}},
    {"llama_one_kv_head", llamaText, {.layers = 2, .heads = 3, .kvHeads = 1, .size = 2}},
};

class PlanMeaning : public testing::TestWithParam<Model> {};

/// A step of the plan is a step of the interpreter.
void expectSameStep(const std::string &text, const Mesh &mesh, SequenceParallel mode) {
  auto module = gradModule(text);
  Bindings bindings = drawBindings(*module, 6);
  auto expected = Interpreter::run(entryNamed(*module, "train"), bindings);
  ASSERT_TRUE(succeeded(expected));
  Outcome actual = runPlan(compile(text, mesh, mode), bindings);
  ASSERT_EQ(actual.outputs.size(), expected->outputs.size());
  for (size_t i = 0; i < actual.outputs.size(); ++i)
    expectNear(actual.outputs[i], expected->outputs[i], 1e-10);
  for (const auto &[symbol, value] : expected->writes) {
    SCOPED_TRACE(symbol);
    ASSERT_TRUE(actual.writes.count(symbol));
    expectNear(actual.writes.at(symbol), value, 1e-10);
  }
}

TEST_P(PlanMeaning, AStepIsTheInterpreters) {
  std::string text = GetParam().text(GetParam().sizes, kAdam);
  for (auto [dp, tp] : {std::pair(1, 1), std::pair(1, 2), std::pair(1, 3), std::pair(2, 2)})
    for (auto mode : {SequenceParallel::Off, SequenceParallel::On}) {
      if (GetParam().sizes.batch % dp != 0 || (tp == 1 && mode == SequenceParallel::On))
        continue;
      Mesh mesh{{{"dp", dp}, {"tp", tp}}};
      SCOPED_TRACE(mesh.str() + (mode == SequenceParallel::On ? ", sequence-parallel" : ""));
      expectSameStep(text, mesh, mode);
    }
}

TEST(RandomModels, AStepIsTheInterpreters) {
  std::mt19937 engine(31);
  for (int attempt = 0; attempt < 6; ++attempt) {
    int64_t dp = 1 + engine() % 2, tp = 1 + engine() % 6;
    ModelSizes sizes = drawSizes(engine, dp);
    auto text = attempt % 2 ? gptText : llamaText;
    auto mode = static_cast<SequenceParallel>(engine() % 3);
    SCOPED_TRACE("attempt " + std::to_string(attempt) + ": dp " + std::to_string(dp) + ", tp " +
                 std::to_string(tp) + ", sequence-parallel " +
                 std::to_string(static_cast<int>(mode)));
    expectSameStep(text(sizes, kAdam), Mesh{{{"dp", dp}, {"tp", tp}}}, mode);
    if (testing::Test::HasFailure())
      return;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, PlanMeaning, testing::ValuesIn(kModels),
                         [](const auto &info) { return info.param.name; });

void PrintTo(const Model &model, std::ostream *stream) { *stream << model.name; }

} // namespace

} // namespace tpc::interpreter::test
