//===- OpCases.cpp - Ops at small shapes, for tests over all ops ---------------------------===//
//
// Types are written by two functions, so that a case says its shapes and nothing twice.
//
//===---------------------------------------------------------------------------------------===//
#include "OpCases.h"

#include "llvm/Support/FormatVariadic.h"

#include <ostream>

namespace tpc::interpreter::test {

namespace {

using llvm::formatv;
using Cases = std::vector<OpCase>;

std::string f(const Shape &shape) { return tensorText(shape, "f64"); }
std::string i(const Shape &shape) { return tensorText(shape, "i32"); }

/// "array<i64: 2, 3>"
std::string arrayStr(const Shape &shape) {
  std::string text = "array<i64";
  for (size_t dim = 0; dim < shape.size(); ++dim)
    text += (dim ? ", " : ": ") + std::to_string(shape[dim]);
  return text + ">";
}

constexpr Draw kPositive{0.5, 3};

void addLinear(Cases &cases) {
  struct {
    Shape rows;
    int64_t in, out;
  } sizes[] = {{{2, 3}, 4, 5}, {{5}, 7, 6}, {{3, 1}, 8, 12}, {{1, 2}, 24, 24}};
  for (auto &[rows, in, out] : sizes) {
    Shape x = rows, y = rows;
    x.push_back(in);
    y.push_back(out);
    std::string w = f({out, in});
    cases.push_back({formatv("nn.linear %0, %1 : ({0}, {1}) -> {2}", f(x), w, f(y))});
    cases.push_back({formatv("nn.linear_input_grad %0, %1 : ({0}, {1}) -> {2}", f(y), w, f(x))});
    cases.push_back({formatv("nn.linear_weight_grad %0, %1 : ({0}, {1}) -> {2}", f(y), f(x), w)});
  }
  for (bool transposeA : {false, true})
    for (bool transposeB : {false, true})
      for (const Shape &batch : {Shape{2, 3}, Shape{5}, Shape{24, 1}}) {
        Shape a = batch, b = batch, c = batch;
        int64_t m = 4, k = 5, n = 6;
        a.insert(a.end(), {transposeA ? k : m, transposeA ? m : k});
        b.insert(b.end(), {transposeB ? n : k, transposeB ? k : n});
        c.insert(c.end(), {m, n});
        std::string flags;
        if (transposeA)
          flags = transposeB ? "{transpose_a, transpose_b} " : "{transpose_a} ";
        else if (transposeB)
          flags = "{transpose_b} ";
        cases.push_back(
            {formatv("nn.matmul %0, %1 {0}: ({1}, {2}) -> {3}", flags, f(a), f(b), f(c))});
      }
}

struct AttentionSizes {
  int64_t b, tq, tk, h, kv, d;
};
const AttentionSizes kAttention[] = {{1, 3, 3, 4, 4, 2}, {2, 3, 3, 6, 2, 4}, {1, 2, 5, 3, 1, 3},
                                     {3, 4, 4, 4, 2, 2}, {2, 3, 3, 5, 5, 2}, {1, 3, 4, 12, 4, 2},
                                     {24, 1, 2, 8, 8, 2}};

void addAttention(Cases &cases) {
  for (auto [b, tq, tk, h, kv, d] : kAttention)
    for (const char *causal : {"true", "false"}) {
      std::string q = f({b, tq, h, d}), k = f({b, tk, kv, d}), lse = f({b, h, tq});
      cases.push_back({formatv("nn.flash_attention %0, %1, %2 {{causal = {0}, scale = 0.7 : f64} : "
                               "({1}, {2}, {2}) -> ({1}, {3})",
                               causal, q, k, lse),
                       {},
                       {},
                       {0}});
      cases.push_back(
          {formatv("nn.flash_attention_grad %0, %1, %2, %3, %4, %5 {{causal = {0}, scale = 0.7 : "
                   "f64} : ({1}, {2}, {2}, {1}, {3}, {1}) -> ({1}, {2}, {2})",
                   causal, q, k, lse),
           {{}, {}, {}, {}, kPositive}});
    }
}

void addPointwise(Cases &cases) {
  cases.push_back({formatv("nn.fill 1.5 : {0}", f({2, 3}))});
  const Shape shapes[] = {{2, 3, 5}, {7}, {4, 6}, {24, 1}};
  for (const Shape &shape : shapes) {
    for (const char *name : {"neg", "exp", "tanh", "square", "silu", "relu", "gelu"})
      cases.push_back({formatv("nn.{0} %0 : ({1}) -> {1}", name, f(shape))});
    for (const char *name : {"log", "sqrt"})
      cases.push_back({formatv("nn.{0} %0 : ({1}) -> {1}", name, f(shape)), {kPositive}});
    for (const char *name : {"add", "sub", "mul", "silu_grad", "relu_grad", "gelu_grad"})
      cases.push_back({formatv("nn.{0} %0, %1 : ({1}, {1}) -> {1}", name, f(shape))});
    cases.push_back({formatv("nn.div %0, %1 : ({0}, {0}) -> {0}", f(shape)), {{}, kPositive}});
    cases.push_back({formatv("nn.add %0, %1, %2 : ({0}, {0}, {0}) -> {0}", f(shape))});
    cases.push_back({formatv("nn.scale %0 {{factor = -1.5 : f64} : ({0}) -> {0}", f(shape))});
    cases.push_back({formatv("nn.gelu %0 {{tanh} : ({0}) -> {0}", f(shape))});
    cases.push_back({formatv("nn.gelu_grad %0, %1 {{tanh} : ({0}, {0}) -> {0}", f(shape))});
    cases.push_back({formatv("nn.cast %0 : ({0}) -> {1}", f(shape), tensorText(shape, "f32"))});
    cases.push_back({formatv("nn.dropout %0, %1, %2 {{global_shape = {0}, p = 0.3 : f64, stream = "
                             "\"h.0.drop\"} : ({1}, {2}, {2}) -> {1}",
                             arrayStr(shape), f(shape), i({})),
                     {{}, {0, 1000}, {1, 10}}});
  }
  // Repeated operands, first and second.
  const Shape whole{2, 3, 5};
  for (const Shape &suffix : {Shape{5}, Shape{3, 5}, Shape{}}) {
    for (const char *name : {"add", "sub", "mul"}) {
      cases.push_back({formatv("nn.{0} %0, %1 : ({1}, {2}) -> {1}", name, f(whole), f(suffix))});
      cases.push_back({formatv("nn.{0} %0, %1 : ({2}, {1}) -> {1}", name, f(whole), f(suffix))});
    }
    cases.push_back(
        {formatv("nn.div %0, %1 : ({0}, {1}) -> {0}", f(whole), f(suffix)), {{}, kPositive}});
    cases.push_back(
        {formatv("nn.div %0, %1 : ({1}, {0}) -> {0}", f(whole), f(suffix)), {{}, kPositive}});
    cases.push_back({formatv("nn.add %0, %1, %2 : ({0}, {1}, {0}) -> {0}", f(whole), f(suffix))});
  }
}

void addShape(Cases &cases) {
  for (auto type : {f, i}) {
    cases.push_back({formatv("nn.split_dim %0 dim 1 minor 4 : ({0}) -> {1}", type({2, 12, 3}),
                             type({2, 3, 4, 3}))});
    cases.push_back(
        {formatv("nn.merge_dims %0 dim 1 : ({0}) -> {1}", type({2, 3, 4, 5}), type({2, 12, 5}))});
    cases.push_back({formatv("nn.transpose %0 [0, 2, 1, 3] : ({0}) -> {1}", type({2, 3, 4, 5}),
                             type({2, 4, 3, 5}))});
    cases.push_back({formatv("nn.slice %0 dim 1 start 2 size 3 : ({0}) -> {1}", type({4, 6, 3}),
                             type({4, 3, 3}))});
    cases.push_back({formatv("nn.concat %0, %1 dim 1 : ({0}, {1}) -> {2}", type({4, 2, 3}),
                             type({4, 3, 3}), type({4, 5, 3}))});
  }
  // Equal parts, each of which is split, or padded.
  for (int64_t size : {3, 8}) {
    cases.push_back({formatv("nn.slice %0 dim 1 start {2} size {2} : ({0}) -> {1}",
                             f({4, 3 * size, 3}), f({4, size, 3}), size)});
    cases.push_back({formatv("nn.pad %0 dim 1 start {2} : ({0}) -> {1}", f({4, size, 3}),
                             f({4, 3 * size, 3}), 2 * size)});
    cases.push_back({formatv("nn.concat %0, %1, %2 dim 1 : ({0}, {0}, {0}) -> {1}", f({4, size, 3}),
                             f({4, 3 * size, 3}))});
  }
  // 24 indices divide by all numbers of ranks that are tried, and one by none.
  cases.push_back(
      {formatv("nn.split_dim %0 dim 1 minor 2 : ({0}) -> {1}", f({1, 48}), f({1, 24, 2}))});
  cases.push_back({formatv("nn.merge_dims %0 dim 1 : ({0}) -> {1}", f({1, 24, 2}), f({1, 48}))});
  cases.push_back({formatv("nn.transpose %0 [1, 0] : ({0}) -> {1}", f({1, 24}), f({24, 1}))});
  cases.push_back(
      {formatv("nn.slice %0 dim 1 start 1 size 2 : ({0}) -> {1}", f({24, 3, 1}), f({24, 2, 1}))});
  cases.push_back({formatv("nn.concat %0, %1 dim 1 : ({0}, {1}) -> {2}", f({24, 3, 1}),
                           f({24, 2, 1}), f({24, 5, 1}))});
  cases.push_back(
      {formatv("nn.pad %0 dim 1 start 1 : ({0}) -> {1}", f({24, 3, 1, 5}), f({24, 5, 1, 5}))});
  cases.push_back({formatv("nn.sum %0 dims [1, 2] : ({0}) -> {1}", f({24, 1, 5}), f({24}))});
  cases.push_back(
      {formatv("nn.broadcast %0 like %1 dims [2] : ({0}, {1}) -> {1}", f({24, 1}), f({24, 1, 5})),
       {},
       {1}});
  cases.push_back({formatv("nn.split_dim %0 dim 0 minor 5 : ({0}) -> {1}", f({10}), f({2, 5}))});
  cases.push_back(
      {formatv("nn.merge_dims %0 dim 2 : ({0}) -> {1}", f({1, 3, 6, 2}), f({1, 3, 12}))});
  cases.push_back(
      {formatv("nn.transpose %0 [2, 0, 1] : ({0}) -> {1}", f({2, 3, 4}), f({4, 2, 3}))});
  cases.push_back({formatv("nn.concat %0, %1, %2 dim 0 : ({0}, {1}, {0}) -> {2}", f({1, 5}),
                           f({2, 5}), f({4, 5}))});
  cases.push_back({formatv("nn.pad %0 dim 1 start 2 : ({0}) -> {1}", f({4, 3, 2}), f({4, 7, 2}))});
  cases.push_back({formatv("nn.sum %0 dims [0, 1] : ({0}) -> {1}", f({2, 3, 5}), f({5}))});
  cases.push_back({formatv("nn.sum %0 dims [2] : ({0}) -> {1}", f({2, 3, 5}), f({2, 3}))});
  cases.push_back({formatv("nn.sum %0 dims [0, 1, 2] : ({0}) -> {1}", f({2, 3, 5}), f({}))});
  cases.push_back(
      {formatv("nn.broadcast %0 like %1 dims [0, 1] : ({0}, {1}) -> {1}", f({5}), f({2, 3, 5})),
       {},
       {1}});
  cases.push_back(
      {formatv("nn.broadcast %0 like %1 dims [2] : ({0}, {1}) -> {1}", f({2, 3}), f({2, 3, 5})),
       {},
       {1}});
  cases.push_back(
      {formatv("nn.broadcast %0 like %1 dims [0, 1] : ({0}, {1}) -> {1}", f({}), f({4, 3})),
       {},
       {1}});
}

void addNorm(Cases &cases) {
  struct {
    Shape x, rows;
  } sizes[] = {{{2, 3, 5}, {2, 3}}, {{7, 6}, {7}}, {{24, 1, 3}, {24, 1}}};
  for (auto &[x, rows] : sizes)
    for (const char *name : {"layer_normalize", "rms_normalize"}) {
      cases.push_back(
          {formatv("nn.{0} %0 {{eps = 1.0e-2 : f64} : ({1}) -> ({1}, {2})", name, f(x), f(rows)),
           {},
           {},
           {0}});
      cases.push_back(
          {formatv("nn.{0}_grad %0, %1, %2 : ({1}, {1}, {2}) -> {1}", name, f(x), f(rows))});
    }
}

void addEmbedding(Cases &cases) {
  struct {
    Shape ids;
    int64_t v, d;
  } sizes[] = {{{2, 3}, 7, 4}, {{5}, 10, 6}, {{1, 24}, 24, 24}};
  for (auto &[ids, v, d] : sizes) {
    Shape y = ids;
    y.push_back(d);
    // Below zero and behind the table there is no row, though a padded table goes on there.
    Draw rows{-1, static_cast<double>(v + 4)};
    cases.push_back(
        {formatv("nn.embedding %0, %1 : ({0}, {1}) -> {2}", i(ids), f({v, d}), f(y)), {rows}});
    cases.push_back({formatv("nn.embedding_grad %0, %1 like %2 {{rows = {3} : i64} : "
                             "({0}, {1}, {2}) -> {2}",
                             i(ids), f(y), f({v, d}), v),
                     {rows}});
    cases.push_back({formatv("nn.positions %0 : ({0}) -> {0}", i(ids)), {rows}});
  }
  for (const char *attributes : {"", "{inverse, theta = 100.0 : f64} "})
    for (const Shape &x : {Shape{2, 3, 4, 6}, Shape{1, 5, 3, 2}, Shape{24, 1, 8, 2}})
      cases.push_back({formatv("nn.rope %0 {0}: ({1}) -> {1}", attributes, f(x))});
}

void addCrossEntropy(Cases &cases) {
  struct {
    Shape rows;
    int64_t classes;
  } sizes[] = {{{2, 3}, 7}, {{5}, 10}, {{24, 1}, 24}};
  for (auto &[rows, classes] : sizes) {
    Shape logitShape = rows;
    logitShape.push_back(classes);
    std::string logits = f(logitShape), row = f(rows), labels = i(rows);
    // -1 is the ignored label.
    Draw label{-1, static_cast<double>(classes)};
    cases.push_back(
        {formatv("nn.ce_row_max %0 {{classes = {0} : i64} : ({1}) -> {2}", classes, logits, row),
         {},
         {0}});
    cases.push_back({formatv("nn.ce_row_sums %0, %1, %2 {{classes = {0} : i64} : ({1}, {2}, {3}) "
                             "-> ({2}, {2})",
                             classes, logits, row, labels),
                     {{}, {}, label},
                     {1}});
    cases.push_back({formatv("nn.ce_row_sums %0, %1, %2 {{classes = {0} : i64, smoothing} : ({1}, "
                             "{2}, {3}) -> ({2}, {2}, {2})",
                             classes, logits, row, labels),
                     {{}, {}, label},
                     {1}});
    cases.push_back({formatv("nn.ce_row_sums_grad %0, %1, %2, %3, %4 {{classes = {0} : i64} : "
                             "({1}, {2}, {3}, {2}, {2}) -> {1}",
                             classes, logits, row, labels),
                     {{}, {}, label}});
    cases.push_back({formatv("nn.ce_row_sums_grad %0, %1, %2, %3, %4 smoothing %5 {{classes = {0} "
                             ": i64} : ({1}, {2}, {3}, {2}, {2}, {2}) -> {1}",
                             classes, logits, row, labels),
                     {{}, {}, label}});
    cases.push_back(
        {formatv("nn.ce_row_loss %0, %1, %2 labels %3 {{classes = {0} : i64, ignore_index = -1 : "
                 "i64, label_smoothing = 0.0 : f64} : ({1}, {1}, {1}, {2}) -> {1}",
                 classes, row, labels),
         {{}, kPositive, {}, label},
         {0}});
    cases.push_back(
        {formatv("nn.ce_row_loss %0, %1, %2 smoothing %3 labels %4 {{classes = {0} : i64, "
                 "ignore_index = -1 : i64, label_smoothing = 0.1 : f64} : ({1}, {1}, {1}, {1}, "
                 "{2}) -> {1}",
                 classes, row, labels),
         {{}, kPositive, {}, {}, label},
         {0}});
    for (bool smoothing : {false, true})
      cases.push_back(
          {formatv("nn.ce_row_loss_grad %0, %1, %2 {{classes = {0} : i64, ignore_index = -1 : i64, "
                   "label_smoothing = {3} : f64} : ({1}, {1}, {2}) -> {4}",
                   classes, row, labels, smoothing ? "0.1" : "0.0",
                   smoothing ? std::string(formatv("({0}, {0}, {0})", row))
                             : std::string(formatv("({0}, {0})", row))),
           {{}, kPositive, label}});
    cases.push_back({formatv("nn.count_labels %0 {{global_shape = {0}, ignore_index = -1 : i64, "
                             "wide} : ({1}) -> {2}",
                             arrayStr(rows), labels, f({})),
                     {label}});
  }
  for (const Shape &shape : {Shape{}, Shape{5}, Shape{2, 3}, Shape{24, 1}})
    cases.push_back(
        {formatv("nn.div_count %0, %1 : ({0}, {1}) -> {0}", f(shape), f({})), {{}, {2, 9}}, {1}});
}

void addTraining(Cases &cases) {
  cases.push_back(
      {formatv("nn.clip_factor %0 {{max_norm = 1.5 : f64} : ({0}) -> ({0}, {0})", f({})),
       {kPositive}});
  for (const Shape &shape : {Shape{7}, Shape{4, 6}, Shape{3, 5}, Shape{24, 1}}) {
    std::string p = f(shape), lr = f({}), step = i({});
    for (Draw steps : {Draw{1, 2}, Draw{2, 9}})
      cases.push_back({formatv("nn.sgd %0, %1, %2, %3, %4 {{momentum = 0.9 : f64, weight_decay = "
                               "0.1 : f64} : ({0}, {0}, {0}, {1}, {2}) -> ({0}, {0})",
                               p, lr, step),
                       {{}, {}, {}, kPositive, steps}});
    cases.push_back({formatv("nn.sgd %0, %1, %2, %3 {{momentum = 0.0 : f64, weight_decay = 0.1 : "
                             "f64} : ({0}, {0}, {1}, {2}) -> {0}",
                             p, lr, step),
                     {{}, {}, kPositive, {1, 9}}});
    for (const char *decoupled : {"", ", decoupled = true"})
      cases.push_back(
          {formatv("nn.adam %0, %1, %2, %3, %4, %5 {{beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = "
                   "1.0e-8 : f64, weight_decay = 0.1 : f64{3}} : ({0}, {0}, {0}, {0}, {1}, {2}) -> "
                   "({0}, {0}, {0})",
                   p, lr, step, decoupled),
           {{}, {}, {}, kPositive, kPositive, {1, 9}}});
  }
}

} // namespace

std::vector<Tensor> OpCase::drawOperands(TestOp &op, uint32_t seed) const {
  std::mt19937 engine(seed);
  std::vector<Tensor> operands;
  for (auto [number, type] : llvm::enumerate(op.operandTypes()))
    operands.push_back(draw(type, number < draws.size() ? draws[number] : Draw{}, engine));
  return operands;
}

void PrintTo(const OpCase &opCase, std::ostream *stream) { *stream << opCase.line; }

std::vector<OpCase> primitiveCases() {
  Cases cases;
  addLinear(cases);
  addAttention(cases);
  addPointwise(cases);
  addShape(cases);
  addNorm(cases);
  addEmbedding(cases);
  addCrossEntropy(cases);
  addTraining(cases);
  return cases;
}

std::vector<OpCase> compositeCases() {
  Cases cases;
  for (const Shape &x : {Shape{2, 3, 5}, Shape{7, 4}}) {
    std::string w = f({x.back()});
    cases.push_back({formatv("nn.layer_norm %0 {{eps = 1.0e-2 : f64} : ({0}) -> {0}", f(x))});
    cases.push_back(
        {formatv("nn.layer_norm %0 weight %1 {{eps = 1.0e-2 : f64} : ({0}, {1}) -> {0}", f(x), w)});
    cases.push_back({formatv("nn.layer_norm %0 weight %1 bias %2 {{eps = 1.0e-2 : f64} : ({0}, "
                             "{1}, {1}) -> {0}",
                             f(x), w)});
    cases.push_back({formatv("nn.rms_norm %0 {{eps = 1.0e-2 : f64} : ({0}) -> {0}", f(x))});
    cases.push_back(
        {formatv("nn.rms_norm %0 weight %1 {{eps = 1.0e-2 : f64} : ({0}, {1}) -> {0}", f(x), w)});
    cases.push_back({formatv("nn.dropout %0, %1, %2 {{p = 0.4 : f64, stream = \"h.0.drop\"} : "
                             "({0}, {1}, {1}) -> {0}",
                             f(x), i({})),
                     {{}, {0, 1000}, {1, 10}}});
  }
  cases.push_back({formatv("nn.mean %0 dims [0, 1] : ({0}) -> {1}", f({2, 3, 5}), f({5}))});
  cases.push_back({formatv("nn.mean %0 dims [2] : ({0}) -> {1}", f({2, 3, 5}), f({2, 3}))});
  cases.push_back({formatv("nn.mean %0 dims [0, 1, 2] : ({0}) -> {1}", f({2, 3, 5}), f({}))});
  cases.push_back({formatv("nn.linear %0, %1 bias %2 : ({0}, {1}, {2}) -> {3}", f({2, 3, 5}),
                           f({4, 5}), f({4}), f({2, 3, 4}))});
  for (auto [b, tq, tk, h, kv, d] : kAttention)
    for (const char *attributes : {"", "{causal = true} ", "{causal = true, scale = 0.3 : f64} "})
      cases.push_back({formatv("nn.attention %0, %1, %2 {0}: ({1}, {2}, {2}) -> {1}", attributes,
                               f({b, tq, h, d}), f({b, tk, kv, d}))});
  for (const char *reduction : {"mean", "sum"})
    for (const char *smoothing : {"0.0", "0.1"})
      // Some rows ignored, none, all.
      for (Draw labels : {Draw{-1, 7}, Draw{0, 7}, Draw{-1, 0}})
        cases.push_back({formatv("nn.cross_entropy %0, %1 {{ignore_index = -1 : i64, "
                                 "label_smoothing = {0} : f64, reduction = #nn<reduction {1}>} : "
                                 "({2}, {3}) -> {4}",
                                 smoothing, reduction, f({2, 3, 7}), i({2, 3}), f({})),
                         {{}, labels}});
  return cases;
}

} // namespace tpc::interpreter::test
