//===- TestModels.cpp - Tiny transformers, for tests of whole modules ----------------------===//
//
// Text with named types: `$x` stands for the type of the residual stream, and so on.
//
//===---------------------------------------------------------------------------------------===//
#include "TestModels.h"

#include "compiler/autodiff/Passes.h"
#include "compiler/import/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

#include <ostream>

namespace tpc::interpreter::test {

namespace {

std::string tensor(const Shape &shape, const char *element = "f64") {
  return tensorText(shape, element);
}

std::map<std::string, std::string> commonNames(const ModelSizes &s, const std::string &optimizer) {
  int64_t b = s.batch, t = s.sequence, h = s.hidden, q = s.heads * s.size, kv = s.kvHeads * s.size;
  return {
      {"batch", std::to_string(s.batch)},
      {"sequence", std::to_string(s.sequence)},
      {"layers", std::to_string(s.layers)},
      {"optimizer", optimizer},
      {"size", std::to_string(s.size)},
      {"qwidth", std::to_string(q)},
      {"ids", tensor({b, t}, "i32")},
      {"scalar", tensor({})},
      {"integer", tensor({}, "i32")},
      {"x", tensor({b, t, h})},
      {"row", tensor({h})},
      {"logits", tensor({b, t, s.vocab})},
      {"wte", tensor({s.vocab, h})},
      {"wpe", tensor({t + 2, h})},
      {"wqkv", tensor({3 * q, h})},
      {"bqkv", tensor({3 * q})},
      {"fused", tensor({b, t, 3 * q})},
      {"three", tensor({b, t, 3, q})},
      {"one", tensor({b, t, 1, q})},
      {"flat", tensor({b, t, q})},
      {"heads", tensor({b, t, s.heads, s.size})},
      {"kvflat", tensor({b, t, kv})},
      {"kvheads", tensor({b, t, s.kvHeads, s.size})},
      {"wq", tensor({q, h})},
      {"wk", tensor({kv, h})},
      {"wo", tensor({h, q})},
      {"wi", tensor({s.inner, h})},
      {"bi", tensor({s.inner})},
      {"inner", tensor({b, t, s.inner})},
      {"wp", tensor({h, s.inner})},
  };
}

} // namespace

std::string gptText(const ModelSizes &sizes, const std::string &optimizer) {
  return substitute(R"(
  nn.dim @B = $batch
  nn.dim @T = $sequence
  nn.input @tokens : $ids dims ["B", "T"]
  nn.input @labels : $ids dims ["B", "T"]
  nn.scalar @lr : $scalar = 0.01
  nn.scalar @seed : $integer = 0.0 role seed
  nn.scalar @step : $integer = 0.0 role step
  nn.parameter @wte : $wte init #nn.init<normal, 0.0, 1.0>
  nn.tie @lm_head to @wte init #nn.init<zeros>
  nn.parameter @wpe : $wpe init #nn.init<normal, 0.0, 1.0>
  nn.layers @h count $layers {
    nn.parameter @ln_1.weight : $row init #nn.init<ones>
    nn.parameter @ln_1.bias : $row init #nn.init<zeros>
    nn.parameter @attn.qkv.weight : $wqkv init #nn.init<normal, 0.0, 1.0>
    nn.parameter @attn.qkv.bias : $bqkv init #nn.init<zeros>
    nn.parameter @attn.o.weight : $wo init #nn.init<normal, 0.0, 1.0>
    nn.parameter @attn.o.bias : $row init #nn.init<zeros>
    nn.parameter @ln_2.weight : $row init #nn.init<ones>
    nn.parameter @mlp.fc.weight : $wi init #nn.init<normal, 0.0, 1.0>
    nn.parameter @mlp.fc.bias : $bi init #nn.init<zeros>
    nn.parameter @mlp.proj.weight : $wp init #nn.init<normal, 0.0, 1.0>
    nn.parameter @mlp.proj.bias : $row init #nn.init<zeros>
    nn.block (%x: $x) -> $x {
      %a = nn.scope "attn" -> $x {
        %w1 = nn.read @ln_1.weight : $row
        %b1 = nn.read @ln_1.bias : $row
        %n = nn.layer_norm %x weight %w1 bias %b1 {eps = 1.0e-5 : f64} : ($x, $row, $row) -> $x
        %wqkv = nn.read @attn.qkv.weight : $wqkv
        %bqkv = nn.read @attn.qkv.bias : $bqkv
        %f = nn.linear %n, %wqkv bias %bqkv : ($x, $wqkv, $bqkv) -> $fused
        %s = nn.split_dim %f dim 2 minor $qwidth : ($fused) -> $three
        %q1 = nn.slice %s dim 2 start 0 size 1 : ($three) -> $one
        %k1 = nn.slice %s dim 2 start 1 size 1 : ($three) -> $one
        %v1 = nn.slice %s dim 2 start 2 size 1 : ($three) -> $one
        %q2 = nn.merge_dims %q1 dim 2 : ($one) -> $flat
        %k2 = nn.merge_dims %k1 dim 2 : ($one) -> $flat
        %v2 = nn.merge_dims %v1 dim 2 : ($one) -> $flat
        %q = nn.split_dim %q2 dim 2 minor $size : ($flat) -> $heads
        %k = nn.split_dim %k2 dim 2 minor $size : ($flat) -> $heads
        %v = nn.split_dim %v2 dim 2 minor $size : ($flat) -> $heads
        %o = nn.attention %q, %k, %v {causal = true} : ($heads, $heads, $heads) -> $heads
        %o2 = nn.merge_dims %o dim 2 : ($heads) -> $flat
        %wo = nn.read @attn.o.weight : $wo
        %bo = nn.read @attn.o.bias : $row
        %p = nn.linear %o2, %wo bias %bo : ($flat, $wo, $row) -> $x
        %seed = nn.read @seed : $integer
        %step = nn.read @step : $integer
        %d = nn.dropout %p, %seed, %step {p = 0.2 : f64, stream = "attn.drop"} : ($x, $integer, $integer) -> $x
        nn.yield %d : $x
      }
      %y = nn.add %x, %a : ($x, $x) -> $x
      %m = nn.scope "mlp" -> $x {
        %w2 = nn.read @ln_2.weight : $row
        %n = nn.layer_norm %y weight %w2 {eps = 1.0e-5 : f64} : ($x, $row) -> $x
        %wi = nn.read @mlp.fc.weight : $wi
        %bi = nn.read @mlp.fc.bias : $bi
        %u = nn.linear %n, %wi bias %bi : ($x, $wi, $bi) -> $inner
        %g = nn.gelu %u {tanh} : ($inner) -> $inner
        %wp = nn.read @mlp.proj.weight : $wp
        %bp = nn.read @mlp.proj.bias : $row
        %p = nn.linear %g, %wp bias %bp : ($inner, $wp, $row) -> $x
        nn.yield %p : $x
      }
      %z = nn.add %y, %m : ($x, $x) -> $x
      nn.return %z : $x
    }
  }
  nn.entry @loss outputs ["loss"] {
    %tokens = nn.read @tokens : $ids
    %wte = nn.read @wte : $wte
    %wpe = nn.read @wpe : $wpe
    %e = nn.embedding %tokens, %wte : ($ids, $wte) -> $x
    %i = nn.positions %tokens : ($ids) -> $ids
    %p = nn.embedding %i, %wpe : ($ids, $wpe) -> $x
    %x = nn.add %e, %p : ($x, $x) -> $x
    %y = nn.apply @h(%x) : ($x) -> $x
    %n = nn.layer_norm %y {eps = 1.0e-5 : f64} : ($x) -> $x
    %head = nn.read @lm_head : $wte
    %l = nn.linear %n, %head : ($x, $wte) -> $logits
    %labels = nn.read @labels : $ids
    %loss = nn.cross_entropy %l, %labels {label_smoothing = 0.1 : f64} : ($logits, $ids) -> $scalar
    nn.return %loss : $scalar
  }
  nn.training @train of @loss optimizer $optimizer
)",
                    commonNames(sizes, optimizer));
}

std::string llamaText(const ModelSizes &sizes, const std::string &optimizer) {
  return substitute(R"(
  nn.dim @B = $batch
  nn.dim @T = $sequence
  nn.input @tokens : $ids dims ["B", "T"]
  nn.input @labels : $ids dims ["B", "T"]
  nn.scalar @lr : $scalar = 0.01
  nn.parameter @wte : $wte init #nn.init<normal, 0.0, 1.0>
  nn.layers @h count $layers {
    nn.parameter @ln_1.weight : $row init #nn.init<ones>
    nn.parameter @attn.q.weight : $wq init #nn.init<normal, 0.0, 1.0>
    nn.parameter @attn.k.weight : $wk init #nn.init<normal, 0.0, 1.0>
    nn.parameter @attn.v.weight : $wk init #nn.init<normal, 0.0, 1.0>
    nn.parameter @attn.o.weight : $wo init #nn.init<normal, 0.0, 1.0>
    nn.parameter @ln_2.weight : $row init #nn.init<ones>
    nn.parameter @mlp.gate.weight : $wi init #nn.init<normal, 0.0, 1.0>
    nn.parameter @mlp.up.weight : $wi init #nn.init<normal, 0.0, 1.0>
    nn.parameter @mlp.down.weight : $wp init #nn.init<normal, 0.0, 1.0>
    nn.block (%x: $x) -> $x {
      %a = nn.scope "attn" -> $x {
        %w1 = nn.read @ln_1.weight : $row
        %n = nn.rms_norm %x weight %w1 {eps = 1.0e-5 : f64} : ($x, $row) -> $x
        %wq = nn.read @attn.q.weight : $wq
        %wk = nn.read @attn.k.weight : $wk
        %wv = nn.read @attn.v.weight : $wk
        %q2 = nn.linear %n, %wq : ($x, $wq) -> $flat
        %k2 = nn.linear %n, %wk : ($x, $wk) -> $kvflat
        %v2 = nn.linear %n, %wv : ($x, $wk) -> $kvflat
        %q1 = nn.split_dim %q2 dim 2 minor $size : ($flat) -> $heads
        %k1 = nn.split_dim %k2 dim 2 minor $size : ($kvflat) -> $kvheads
        %v = nn.split_dim %v2 dim 2 minor $size : ($kvflat) -> $kvheads
        %q = nn.rope %q1 : ($heads) -> $heads
        %k = nn.rope %k1 : ($kvheads) -> $kvheads
        %o = nn.attention %q, %k, %v {causal = true} : ($heads, $kvheads, $kvheads) -> $heads
        %o2 = nn.merge_dims %o dim 2 : ($heads) -> $flat
        %wo = nn.read @attn.o.weight : $wo
        %p = nn.linear %o2, %wo : ($flat, $wo) -> $x
        nn.yield %p : $x
      }
      %y = nn.add %x, %a : ($x, $x) -> $x
      %m = nn.scope "mlp" -> $x {
        %w2 = nn.read @ln_2.weight : $row
        %n = nn.rms_norm %y weight %w2 {eps = 1.0e-5 : f64} : ($x, $row) -> $x
        %wg = nn.read @mlp.gate.weight : $wi
        %wu = nn.read @mlp.up.weight : $wi
        %g = nn.linear %n, %wg : ($x, $wi) -> $inner
        %u = nn.linear %n, %wu : ($x, $wi) -> $inner
        %s = nn.silu %g : ($inner) -> $inner
        %c = nn.mul %s, %u : ($inner, $inner) -> $inner
        %wd = nn.read @mlp.down.weight : $wp
        %p = nn.linear %c, %wd : ($inner, $wp) -> $x
        nn.yield %p : $x
      }
      %z = nn.add %y, %m : ($x, $x) -> $x
      nn.return %z : $x
    }
  }
  nn.parameter @ln_f.weight : $row init #nn.init<ones>
  nn.parameter @lm_head : $wte init #nn.init<normal, 0.0, 1.0>
  nn.entry @loss outputs ["loss"] {
    %tokens = nn.read @tokens : $ids
    %wte = nn.read @wte : $wte
    %x = nn.embedding %tokens, %wte : ($ids, $wte) -> $x
    %y = nn.apply @h(%x) : ($x) -> $x
    %wf = nn.read @ln_f.weight : $row
    %n = nn.rms_norm %y weight %wf {eps = 1.0e-5 : f64} : ($x, $row) -> $x
    %head = nn.read @lm_head : $wte
    %l = nn.linear %n, %head : ($x, $wte) -> $logits
    %labels = nn.read @labels : $ids
    %loss = nn.cross_entropy %l, %labels : ($logits, $ids) -> $scalar
    nn.return %loss : $scalar
  }
  nn.training @train of @loss optimizer $optimizer
)",
                    commonNames(sizes, optimizer));
}

std::string mlpText(const ModelSizes &sizes, const std::string &optimizer) {
  return substitute(R"(
  nn.dim @B = $batch
  nn.dim @T = $sequence
  nn.input @data : $x dims ["B", "T", ""]
  nn.scalar @lr : $scalar = 0.01
  nn.parameter @fc.weight : $wi init #nn.init<normal, 0.0, 1.0>
  nn.parameter @fc.bias : $bi init #nn.init<zeros>
  nn.parameter @proj.weight : $wp init #nn.init<normal, 0.0, 1.0>
  nn.parameter @proj.bias : $row init #nn.init<zeros>
  nn.entry @loss outputs ["loss"] {
    %x = nn.read @data : $x
    %wi = nn.read @fc.weight : $wi
    %bi = nn.read @fc.bias : $bi
    %u = nn.linear %x, %wi bias %bi : ($x, $wi, $bi) -> $inner
    %g = nn.relu %u : ($inner) -> $inner
    %wp = nn.read @proj.weight : $wp
    %bp = nn.read @proj.bias : $row
    %p = nn.linear %g, %wp bias %bp : ($inner, $wp, $row) -> $x
    %s = nn.square %p : ($x) -> $x
    %loss = nn.mean %s dims [0, 1, 2] : ($x) -> $scalar
    nn.return %loss : $scalar
  }
  nn.training @train of @loss optimizer $optimizer
)",
                    commonNames(sizes, optimizer));
}

ModelSizes drawSizes(std::mt19937 &engine, int64_t dp) {
  auto between = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(engine() % (high - low + 1));
  };
  ModelSizes sizes;
  sizes.layers = between(1, 2);
  sizes.batch = dp * between(1, 2);
  sizes.sequence = between(1, 5);
  sizes.vocab = between(2, 17);
  sizes.hidden = between(2, 9);
  sizes.kvHeads = between(1, 4);
  sizes.heads = sizes.kvHeads * between(1, 3);
  sizes.size = 2 * between(1, 2);
  sizes.inner = between(1, 13);
  return sizes;
}

void PrintTo(const TestModel &model, std::ostream *stream) { *stream << model.name; }

const std::vector<TestModel> &testModels() {
  static const std::vector<TestModel> models = {
      {"mlp", mlpText, {}},
      {"mlp_odd", mlpText, {.batch = 3, .hidden = 5, .inner = 7}},
      {"gpt", gptText, {}},
      {"gpt_odd_heads", gptText, {.layers = 2, .batch = 1, .hidden = 5, .heads = 3, .size = 2}},
      {"gpt_five_heads",
       gptText,
       {.vocab = 13, .hidden = 7, .heads = 5, .kvHeads = 5, .size = 2, .inner = 9}},
      {"llama", llamaText, {.heads = 4}},
      {"llama_odd_groups",
       llamaText,
       {.vocab = 13, .hidden = 6, .heads = 6, .kvHeads = 3, .size = 2, .inner = 7}},
      {"llama_nine_heads",
       llamaText,
       {.vocab = 10, .hidden = 5, .heads = 9, .kvHeads = 3, .size = 2, .inner = 5}},
      {"llama_one_kv_head", llamaText, {.layers = 2, .heads = 3, .kvHeads = 1, .size = 2}},
  };
  return models;
}

std::string RandomCase::str() const {
  return mesh.str() + ", sequence-parallel " + std::to_string(static_cast<int>(sequenceParallel)) +
         ", model" + text;
}

RandomCase drawCase(std::mt19937 &engine, int64_t mostTp) {
  int64_t dp = 1 + engine() % 2, tp = 1 + engine() % mostTp;
  ModelSizes sizes = drawSizes(engine, dp);
  auto text = engine() % 2 ? gptText : llamaText;
  auto mode = static_cast<SequenceParallel>(engine() % 3);
  if (mode == SequenceParallel::On && (tp == 1 || sizes.sequence < tp))
    mode = SequenceParallel::Auto; // On would be refused
  return {text(sizes, kAdam), Mesh{{{"dp", dp}, {"tp", tp}}}, mode};
}

void expectSameOutcome(const Outcome &actual, const Outcome &expected, double tolerance) {
  ASSERT_EQ(actual.outputs.size(), expected.outputs.size());
  for (size_t i = 0; i < expected.outputs.size(); ++i) {
    SCOPED_TRACE("output " + std::to_string(i));
    expectNear(actual.outputs[i], expected.outputs[i], tolerance);
  }
  ASSERT_EQ(actual.writes.size(), expected.writes.size());
  for (const auto &[symbol, value] : expected.writes) {
    SCOPED_TRACE("@" + symbol);
    ASSERT_TRUE(actual.writes.count(symbol));
    expectNear(actual.writes.at(symbol), value, tolerance);
  }
}

mlir::OwningOpRef<mlir::ModuleOp> gradModule(const std::string &text) {
  auto module = parseModule(text);
  mlir::PassManager passes(&context());
  passes.addPass(createBindDims());
  passes.addPass(createUnrollLayers());
  passes.addPass(createFlattenScopes());
  passes.addPass(createVerifyModel());
  passes.addPass(createResolveReads());
  passes.addPass(createExpandComposites());
  passes.addPass(createBuildTraining());
  passes.addPass(createVerifyGrad());
  if (failed(passes.run(*module)))
    llvm::report_fatal_error("the passes up to level grad refuse the test's module");
  return module;
}

nn::EntryOp entryNamed(mlir::ModuleOp module, llvm::StringRef name) {
  return module.lookupSymbol<nn::EntryOp>(name);
}

Bindings drawBindings(mlir::ModuleOp module, uint32_t seed) {
  std::mt19937 engine(seed);
  int64_t vocab = 0;
  if (auto table = module.lookupSymbol<nn::ParameterOp>("wte"))
    vocab = mlir::cast<mlir::RankedTensorType>(table.getType()).getDimSize(0);
  Bindings bindings;
  auto add = [&](mlir::SymbolOpInterface symbol, mlir::Type type, Draw range) {
    bindings[symbol.getName().str()] =
        draw(mlir::cast<mlir::RankedTensorType>(type), range, engine);
  };
  for (auto input : module.getOps<nn::InputOp>())
    add(input, input.getType(), {0, static_cast<double>(vocab ? vocab : 2)});
  for (auto scalar : module.getOps<nn::ScalarOp>())
    add(scalar, scalar.getType(), Draw{3, 4});
  for (auto parameter : module.getOps<nn::ParameterOp>())
    add(parameter, parameter.getType(), Draw{-1, 1});
  for (auto state : module.getOps<nn::StateOp>())
    add(state, state.getType(), state.getSlot() == "v" ? Draw{0.5, 2} : Draw{-1, 1});
  if (auto labels = bindings.find("labels"); labels != bindings.end())
    labels->second[1] = -100;
  bindings["lr"] = Tensor::scalar(0.1);
  return bindings;
}

} // namespace tpc::interpreter::test
