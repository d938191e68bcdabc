//===- ModelShardingTest.cpp - The shardings of the models that come with tpc -------------===//
//
// Without annotations the solver must find Megatron's layout and its collectives, and nothing else,
// at every tp, whether the axis divides heads and vocabulary or not.
//
//===---------------------------------------------------------------------------------------===//

#include "compiler/driver/Registration.h"
#include "compiler/sharding/ApplyShardings.h"
#include "compiler/sharding/Solver.h"
#include "dialects/nn/NN.h"
#include "dialects/tp/TP.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>

using namespace mlir;
using namespace tpc;

namespace {

class ModelSharding : public testing::Test {
protected:
  ModelSharding() {
    static bool registered = (registerPasses(), true);
    (void)registered;
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.printOpOnDiagnostic(false);
    context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
      messages += diagnostic.str() + "\n";
      return success();
    });
  }

  /// A model of models/ at level grad, with so many layers if not 0, and changes of its text.
  OwningOpRef<ModuleOp> grad(const std::string &name, const std::string &dims = "", int layers = 0,
                             const std::vector<std::pair<std::string, std::string>> &changes = {}) {
    std::ifstream file(std::string(TPC_MODELS) + "/" + name + ".mlir");
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (layers)
      text = std::regex_replace(text, std::regex("(@[a-z]+) count [0-9]+"),
                                "$1 count " + std::to_string(layers));
    for (auto &[from, to] : changes)
      text = std::regex_replace(text, std::regex(from), to);
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module) << messages;
    PassManager manager(&context);
    std::string pipeline = "tpc-bind-dims" + dims +
                           ",tpc-unroll-layers,tpc-flatten-scopes,tpc-verify-model,"
                           "tpc-expand-composites,tpc-resolve-reads,tpc-build-training,"
                           "tpc-verify-grad";
    EXPECT_TRUE(succeeded(parsePassPipeline(pipeline, manager)));
    EXPECT_TRUE(succeeded(manager.run(*module))) << messages;
    return module;
  }

  SolverOptions options(int64_t tp, int64_t dp = 1) {
    SolverOptions options;
    if (dp > 1)
      options.mesh.axes.push_back({"dp", dp});
    options.mesh.axes.push_back({"tp", tp});
    return options;
  }

  /// Solves and applies; reshards of the training that communicate on `axis`, by "phase scope",
  /// layer numbers left out, each with the transition that it makes. `minRank`: of values of so
  /// many dims.
  std::map<std::string, int> reshards(ModuleOp module, const SolverOptions &options, AxisId axis,
                                      int64_t minRank = 0) {
    FailureOr<Decision> decision = solveShardings(module, options, report);
    EXPECT_TRUE(succeeded(decision)) << messages;
    if (failed(decision))
      return {};
    for (const auto &symbol : decision->symbols)
      shardings[symbol.first().str()] = symbol.second.str(options.mesh);
    EXPECT_TRUE(succeeded(applyShardings(module, *decision))) << messages;
    std::map<std::string, int> counts;
    auto train = module.lookupSymbol<nn::EntryOp>("train");
    for (auto reshard : train.getBody().getOps<tp::ReshardOp>()) {
      auto placement = [&](Value value) {
        return tp::toSharding(cast<RankedTensorType>(value.getType()), options.mesh)
            .placementOn(axis);
      };
      if (placement(reshard.getX()) == placement(reshard.getY()) ||
          placement(reshard.getX()) == Placement() ||
          cast<RankedTensorType>(reshard.getX().getType()).getRank() < minRank)
        continue;
      auto attribute = [&](StringRef name) {
        auto attr = reshard->getAttrOfType<StringAttr>(name);
        return attr ? attr.getValue().str() : std::string();
      };
      std::string scope =
          std::regex_replace(attribute(nn::kScopeAttr), std::regex("(h|layers)\\.[0-9]+"), "h");
      if (attribute(nn::kPhaseAttr) == "update")
        scope = "";
      ++counts[attribute(nn::kPhaseAttr) + " " + scope + ": " + placement(reshard.getX()).str() +
               " to " + placement(reshard.getY()).str()];
    }
    return counts;
  }

  MLIRContext context;
  std::string messages;
  SolverReport report;
  std::map<std::string, std::string> shardings;
};

TEST_F(ModelSharding, TheMlpIsAColumnAndARowSplit) {
  OwningOpRef<ModuleOp> module = grad("mlp");
  std::map<std::string, int> counts = reshards(*module, options(2), 0);
  EXPECT_EQ(shardings["fc1"], "[{\"tp\"}, {}]");
  EXPECT_EQ(shardings["fc2"], "[{}, {\"tp\"}]");
  int total = 0;
  for (auto &[what, count] : counts)
    total += count;
  EXPECT_EQ(total, 1);
}

/// What every transformer needs at any tp; with sequence parallelism off, and nothing else.
std::map<std::string, int> megatronsCollectives(int layers, bool clips) {
  std::map<std::string, int> expected = {
      {"forward embed: partial(sum) to replicated", 1},
      {"forward h.attn: partial(sum) to replicated", layers},
      {"forward h.mlp: partial(sum) to replicated", layers},
      {"forward loss: partial(max) to replicated", 1},
      // Row sums and targets; they travel in one collective (tests of the schedule).
      {"forward loss: partial(sum) to replicated", 2},
      {"backward head: partial(sum) to replicated", 1},
      {"backward h.mlp: partial(sum) to replicated", layers},
      {"backward h.attn: partial(sum) to replicated", layers},
  };
  if (clips)
    expected["update : partial(sum) to replicated"] = 1;
  return expected;
}

/// The two GPTs at one tp.
class GptSharding : public ModelSharding,
                    public testing::WithParamInterface<std::tuple<const char *, int, bool, int>> {};

TEST_P(GptSharding, HasMegatronsCollectivesAndNothingElse) {
  auto [name, layers, clips, tp] = GetParam();
  OwningOpRef<ModuleOp> module = grad(name);
  EXPECT_EQ(reshards(*module, options(tp), 0), megatronsCollectives(layers, clips));

  for (int layer = 0; layer < layers; ++layer)
    for (const char *parameter : {"attn.q", "attn.k", "attn.v", "attn.o", "mlp.fc", "mlp.proj"}) {
      std::string suffix = std::string(".") + parameter + ".weight";
      EXPECT_EQ(shardings["h." + std::to_string(layer) + suffix], shardings["h.0" + suffix]);
    }
  auto isSplit = [](const std::string &dim) { return dim.find("tp") != std::string::npos; };
  auto dims = [&](const std::string &name) {
    std::string text = shardings[name];
    size_t comma = text.find("}, {");
    return std::pair(text.substr(0, comma), text.substr(comma));
  };
  for (const char *column : {"attn.q", "attn.k", "attn.v", "mlp.fc"}) {
    auto [rows, columns] = dims(std::string("h.0.") + column + ".weight");
    EXPECT_TRUE(isSplit(rows) && !isSplit(columns)) << column;
  }
  for (const char *row : {"attn.o", "mlp.proj"}) {
    auto [rows, columns] = dims(std::string("h.0.") + row + ".weight");
    EXPECT_TRUE(!isSplit(rows) && isSplit(columns)) << row;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GptSharding,
                         testing::Combine(testing::Values("gpt-2l"), testing::Values(2),
                                          testing::Values(false), testing::Values(2, 3, 4, 8)));
INSTANTIATE_TEST_SUITE_P(Gpt2, GptSharding,
                         testing::Combine(testing::Values("gpt2-124m"), testing::Values(12),
                                          testing::Values(true), testing::Values(2, 3, 4, 8)));

/// Models of which a few layers say everything, at one tp.
class DeepSharding : public ModelSharding,
                     public testing::WithParamInterface<std::tuple<const char *, int>> {};

TEST_P(DeepSharding, HasMegatronsCollectivesAndNothingElse) {
  auto [name, tp] = GetParam();
  OwningOpRef<ModuleOp> module = grad(name, "", 3);
  EXPECT_EQ(reshards(*module, options(tp), 0), megatronsCollectives(3, /*clips=*/true));
}

INSTANTIATE_TEST_SUITE_P(Models, DeepSharding,
                         testing::Combine(testing::Values("llama-mini", "llama3-8b", "gpt3-175b"),
                                          testing::Values(2, 3, 4, 8)));

TEST_F(ModelSharding, KvHeadsThatDoNotDivideArePaddedByGroups) {
  struct Case {
    int tp;
    const char *q, *k, *o;
  };
  for (Case expected :
       {Case{2, "[{3:4 \"tp\", 192}, {}]", "[{3:4 \"tp\", 64}, {}]", "[{}, {3:4 \"tp\", 192}]"},
        Case{3, "[{\"tp\"}, {}]", "[{\"tp\"}, {}]", "[{}, {\"tp\"}]"},
        Case{8, "[{3:8 \"tp\", 192}, {}]", "[{3:8 \"tp\", 64}, {}]", "[{}, {3:8 \"tp\", 192}]"}}) {
    OwningOpRef<ModuleOp> module = grad("llama-mini", "", 2);
    report = {};
    reshards(*module, options(expected.tp), 0);
    EXPECT_EQ(shardings["layers.1.attn.q.weight"], expected.q);
    EXPECT_EQ(shardings["layers.1.attn.k.weight"], expected.k);
    EXPECT_EQ(shardings["layers.1.attn.v.weight"], expected.k);
    EXPECT_EQ(shardings["layers.1.attn.o.weight"], expected.o);
    EXPECT_EQ(report.notes.empty(), expected.tp == 3);
  }
}

/// Where fewer kv heads than ranks would leave most ranks without work, the query heads of a group
/// are split instead: k and v are computed on every rank, and the gradients of their weights, to
/// which every rank has a part, are summed.
TEST_F(ModelSharding, FewKvHeadsAreReplicated) {
  // 32 query heads of 18 that share 2 kv heads.
  std::vector<std::pair<std::string, std::string>> grouped = {{"x9x64x", "x32x18x"},
                                                              {"x3x64x", "x2x18x"},
                                                              {"minor 64", "minor 18"},
                                                              {"x192x", "x36x"},
                                                              {"tensor<192x", "tensor<36x"}};
  for (int tp : {3, 4, 8}) {
    OwningOpRef<ModuleOp> module = grad("llama-mini", "", 2, grouped);
    std::map<std::string, int> expected = megatronsCollectives(2, /*clips=*/true);
    // Of two layers the weights of k and v; they travel together (tests of the schedule).
    expected["backward h.attn: partial(sum) to replicated"] += 2 * 2;
    report = {};
    EXPECT_EQ(reshards(*module, options(tp), 0), expected);
    EXPECT_EQ(shardings["layers.0.attn.k.weight"], "[{}, {}]");
    EXPECT_EQ(shardings["layers.0.attn.v.weight"], "[{}, {}]");
    EXPECT_EQ(shardings["layers.0.attn.q.weight"],
              tp == 3 ? "[{2, 16:18 \"tp\", 18}, {}]" : "[{2, 288 \"tp\"}, {}]");
    EXPECT_FALSE(report.notes.empty());
  }
}

TEST_F(ModelSharding, HeadsAndVocabularyThatDoNotDivideArePadded) {
  OwningOpRef<ModuleOp> module = grad("gpt2-124m");
  reshards(*module, options(8), 0);
  EXPECT_EQ(shardings["wte"], "[{50257:50264 \"tp\"}, {}]");
  EXPECT_EQ(shardings["wpe"], "[{\"tp\"}, {}]");
  EXPECT_EQ(shardings["h.5.attn.q.weight"], "[{12:16 \"tp\", 64}, {}]");
  EXPECT_EQ(shardings["h.5.attn.q.bias"], "[{12:16 \"tp\", 64}]");
  EXPECT_EQ(shardings["h.5.attn.o.weight"], "[{}, {12:16 \"tp\", 64}]");
  EXPECT_EQ(shardings["h.5.attn.o.bias"], "[{}]");
  EXPECT_EQ(shardings["h.5.ln_1.weight"], "[{}]");
  EXPECT_EQ(shardings["h.5.attn.q.weight.m"], shardings["h.5.attn.q.weight"]);
  EXPECT_FALSE(report.notes.empty());
}

TEST_F(ModelSharding, TheProblemDoesNotGrowWithDepth) {
  std::vector<int> variables;
  for (int layers : {3, 12, 24}) {
    OwningOpRef<ModuleOp> module = grad("gpt-2l", "", layers);
    report = {};
    FailureOr<Decision> decision = solveShardings(*module, options(2), report);
    ASSERT_TRUE(succeeded(decision)) << messages;
    variables.push_back(report.variables);
  }
  EXPECT_EQ(variables[0], variables[1]);
  EXPECT_EQ(variables[1], variables[2]);
}

/// One model and shape, at one tp, with the sequence split between the blocks.
struct SequenceCase {
  const char *model, *dims;
  int tp;
};
void PrintTo(const SequenceCase &of, std::ostream *stream) {
  *stream << of.model << of.dims << " tp=" << of.tp;
}
class SequenceSharding : public ModelSharding, public testing::WithParamInterface<SequenceCase> {};

/// Asked for, it is used whether or not it is predicted to be faster, and where the sequence has to
/// be padded, too. What is still all-reduced are sums along the sequence: of norms' and biases'
/// gradients, which no rank has whole.
TEST_P(SequenceSharding, ScattersAndGathersFourTimesALayer) {
  OwningOpRef<ModuleOp> module = grad(GetParam().model, GetParam().dims, 2);
  SolverOptions withSequence = options(GetParam().tp);
  withSequence.sequenceParallel = SequenceParallel::On;
  std::map<std::string, int> layers;
  for (auto &[what, count] : reshards(*module, withSequence, 0, /*minRank=*/3))
    if (what.find(" h.") != std::string::npos)
      layers[what] = count;
  EXPECT_EQ(layers, (std::map<std::string, int>{
                        {"forward h.attn: partial(sum) to split(1)", 2},
                        {"forward h.attn: split(1) to replicated", 2},
                        {"forward h.mlp: partial(sum) to split(1)", 2},
                        {"forward h.mlp: split(1) to replicated", 2},
                        {"backward h.attn: partial(sum) to split(1)", 2},
                        {"backward h.attn: split(1) to replicated", 2},
                        {"backward h.mlp: partial(sum) to split(1)", 2},
                        {"backward h.mlp: split(1) to replicated", 2},
                    }));
}

INSTANTIATE_TEST_SUITE_P(Models, SequenceSharding,
                         testing::Values(SequenceCase{"gpt-2l", "{dims=B=2,T=64}", 2},
                                         SequenceCase{"gpt-2l", "{dims=B=1,T=16}", 2},
                                         SequenceCase{"gpt-2l", "{dims=B=1,T=7}", 2},
                                         SequenceCase{"gpt-2l", "{dims=B=1,T=7}", 4},
                                         SequenceCase{"gpt2-124m", "{dims=B=1,T=7}", 2},
                                         SequenceCase{"llama-mini", "{dims=B=1,T=7}", 2},
                                         SequenceCase{"llama-mini", "{dims=B=2,T=64}", 3},
                                         SequenceCase{"llama3-8b", "", 8},
                                         SequenceCase{"gpt3-175b", "", 8}));

TEST_F(ModelSharding, DataParallelismSumsGradientsAndNothingElse) {
  OwningOpRef<ModuleOp> module = grad("gpt-2l", "{dims=B=2}");
  std::map<std::string, int> counts = reshards(*module, options(2, 2), 0);
  EXPECT_EQ(shardings["tokens"], "[{\"dp\"}, {}]");
  EXPECT_EQ(shardings["h.0.attn.q.weight"], "[{\"tp\"}, {}]");
  for (auto &[what, count] : counts)
    EXPECT_NE(what.find("partial(sum) to replicated"), std::string::npos) << what;
}

TEST_F(ModelSharding, ResultsOfAnEntryAreGathered) {
  OwningOpRef<ModuleOp> module = grad("mlp");
  SolverOptions twoByTwo = options(2, 2);
  FailureOr<Decision> decision = solveShardings(*module, twoByTwo, report);
  ASSERT_TRUE(succeeded(decision)) << messages;
  ASSERT_TRUE(succeeded(applyShardings(*module, *decision))) << messages;
  auto entry = module->lookupSymbol<nn::EntryOp>("loss");
  for (Value result : entry.getBody().front().getTerminator()->getOperands())
    EXPECT_TRUE(tp::toSharding(cast<RankedTensorType>(result.getType()), twoByTwo.mesh)
                    .isFullyReplicated());
}

TEST_F(ModelSharding, ABatchThatDpDoesNotDivideIsRefused) {
  OwningOpRef<ModuleOp> module = grad("gpt-2l");
  EXPECT_TRUE(failed(solveShardings(*module, options(2, 2), report)));
  EXPECT_NE(messages.find("dp=2 does not divide"), std::string::npos) << messages;
}

TEST_F(ModelSharding, AConstraintIsHonoured) {
  OwningOpRef<ModuleOp> module = grad("gpt-2l");
  SolverOptions constrained = options(2);
  std::string error;
  constrained.constraints.push_back(*parseShardConstraint("h.*.mlp.*.weight=[{}, {}]", error));
  reshards(*module, constrained, 0);
  EXPECT_EQ(shardings["h.1.mlp.fc.weight"], "[{}, {}]");
  EXPECT_EQ(shardings["h.1.attn.q.weight"], "[{\"tp\"}, {}]");
}

/// Where the rows of an input come split and its product takes columns, an all_to_all is paid for,
/// in the training and in the loss.
TEST_F(ModelSharding, ASplitThatMovesIsAnAllToAll) {
  auto solve = [&](const char *input) {
    OwningOpRef<ModuleOp> module = grad("mlp");
    SolverOptions constrained = options(4);
    std::string error;
    for (const char *constraint : {input, "fc1=[{}, {tp}]"})
      constrained.constraints.push_back(*parseShardConstraint(constraint, error));
    report = {};
    return reshards(*module, constrained, 0);
  };
  std::map<std::string, int> stays = solve("x=[{}, {tp}]");
  Picoseconds withoutMove = report.predicted;
  std::map<std::string, int> moves = solve("x=[{tp}, {}]");
  EXPECT_EQ(moves["forward : split(0) to split(1)"], 1);
  moves.erase("forward : split(0) to split(1)");
  EXPECT_EQ(moves, stays);
  EXPECT_EQ(report.predicted - withoutMove,
            2 * collectiveTime(Hardware(), CollectiveKind::AllToAll, 8 * 128 * 4, 4));
}

TEST_F(ModelSharding, AConstraintOfOneLayerLeavesTheOthers) {
  OwningOpRef<ModuleOp> module = grad("gpt-2l");
  SolverOptions constrained = options(2);
  std::string error;
  constrained.constraints.push_back(*parseShardConstraint("h.0.mlp.*.weight=[{}, {}]", error));
  reshards(*module, constrained, 0);
  EXPECT_EQ(shardings["h.0.mlp.fc.weight"], "[{}, {}]");
  EXPECT_EQ(shardings["h.1.mlp.fc.weight"], "[{\"tp\"}, {}]");
}

TEST_F(ModelSharding, ConstraintsThatMeanNothingAreRefused) {
  struct Case {
    const char *constraint, *message;
  };
  for (Case wrong : {Case{"h.*.mpl.fc=[{tp}, {}]", "matches no parameter"},
                     Case{"wpe=[{tp}]", "has 1 dims, but 'wpe' has 2"},
                     Case{"wpe=[{pp}, {}]", "names the axis 'pp'"},
                     Case{"tokens=[{tp}, {}]", "would leave ranks with nothing"}}) {
    OwningOpRef<ModuleOp> module = grad("gpt-2l");
    SolverOptions constrained = options(2);
    std::string error;
    constrained.constraints.push_back(*parseShardConstraint(wrong.constraint, error));
    messages.clear();
    EXPECT_TRUE(failed(solveShardings(*module, constrained, report))) << wrong.constraint;
    EXPECT_NE(messages.find(wrong.message), std::string::npos) << messages;
  }
}

TEST(ShardConstraint, IsParsedOrExplained) {
  std::string error;
  std::optional<ShardConstraint> constraint =
      parseShardConstraint("a.*=[{\"tp\"}, {dp, ep}]", error);
  ASSERT_TRUE(constraint);
  EXPECT_EQ(constraint->pattern, "a.*");
  EXPECT_EQ(constraint->axesPerDim, (std::vector<std::vector<std::string>>{{"tp"}, {"dp", "ep"}}));
  for (const char *wrong : {"a", "=[{}]", "a={}", "a=[{tp]", "a=[{tp} {}]", "a=[tp]",
                            "a=[{tp}, {tp}]", "a=[{tp, \"tp\"}]"}) {
    EXPECT_FALSE(parseShardConstraint(wrong, error)) << wrong;
    EXPECT_FALSE(error.empty());
  }
}

} // namespace
