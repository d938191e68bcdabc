//===- BlockModels.cpp - Models around what transformer blocks are made of -----------------===//
#include "ModelText.h"

namespace tpc::conformance {

namespace {

void addNorms(std::vector<OpModel> &models) {
  auto addLines =
      [&](const std::string &name, Text text,
          const std::function<std::string(const std::string &, const std::string &)> &line) {
        models.push_back(
            {.name = name, .text = aroundBlock(std::move(text), line), .hasStream = true});
      };
  auto add = [&](const std::string &name, const std::string &op, const std::string &operands,
                 Text text) {
    addLines(name, std::move(text), [&](const std::string &result, const std::string &operand) {
      return result + " = nn." + op + " " + operand + operands;
    });
  };
  Text weight = stream().parameter("g", "$row");
  const std::string eps = " {eps = 0.03 : f64} : ";
  for (std::string op : {"layer_norm", "rms_norm"}) {
    add(op, op, " {eps = 0.25 : f64} : ($x) -> $x", stream());
    add(op + "_weight", op, " weight %g" + eps + "($x, $row) -> $x", weight);
  }
  add("layer_norm_bias", "layer_norm", " weight %g bias %b" + eps + "($x, $row, $row) -> $x",
      Text(weight).parameter("b", "$row"));
  addLines("dropout_stream", stream().randomState(),
           [](const std::string &result, const std::string &operand) {
             return result + " = nn.dropout " + operand +
                    ", %seed, %step {p = 0.5 : f64, stream = \"" + result.substr(1) +
                    "\"} : ($x, $integer, $integer) -> $x";
           });
  add("positions", "add", ", %places : ($x, $x) -> $x",
      stream()
          .op("%i = nn.positions %tokens : ($ids) -> $ids")
          .parameter("wpe", "$places")
          .op("%places = nn.embedding %i, %wpe : ($ids, $places) -> $x"));
}

void addAttention(std::vector<OpModel> &models) {
  auto add = [&](const std::string &name, const std::string &attributes, int64_t group,
                 const Text &text = heads()) {
    models.push_back({.name = name,
                      .text = fromHeads(Text(text).op("%o = nn.attention %q, %k, %v " + attributes +
                                                      ": ($heads, $kvheads, $kvheads) -> $heads")),
                      .group = group});
  };
  const std::string causal = "{causal = true} ";
  add("attention", "", 1);
  add("attention_causal", causal, 1);
  add("attention_scale", "{causal = true, scale = 0.3 : f64} ", 1);
  add("attention_grouped", "", 2);
  add("attention_grouped_causal", causal, 3);
  Text turned = heads()
                    .op("%qr = nn.rope %q {theta = 100.0 : f64} : ($heads) -> $heads")
                    .op("%kr = nn.rope %k {theta = 100.0 : f64} : ($kvheads) -> $kvheads");
  models.push_back(
      {.name = "rope",
       .text = fromHeads(Text(turned).op("%o = nn.attention %qr, %kr, %v {causal = true} : "
                                         "($heads, $kvheads, $kvheads) -> $heads")),
       .group = 2});
  models.push_back({.name = "rope_alone",
                    .text = fromHeads(heads()
                                          .op("%p = nn.add %q, %k, %v : ($heads, $heads, $heads) "
                                              "-> $heads")
                                          .op("%o = nn.rope %p : ($heads) -> $heads"))});
  // Keys of another sequence, longer by two.
  for (bool masked : {false, true})
    models.push_back(
        {.name = masked ? "attention_across_causal" : "attention_across",
         .text =
             fromHeads(Text()
                           .input("x", "$x", kByRow)
                           .input("memory", "$memory", "\"B\", \"\", \"\"")
                           .parameter("wq", "$wq")
                           .parameter("wk", "$wk")
                           .parameter("wv", "$wk")
                           .op("%q1 = nn.linear %x, %wq : ($x, $wq) -> $flat")
                           .op("%k1 = nn.linear %memory, %wk : ($memory, $wk) -> $memflat")
                           .op("%v1 = nn.linear %memory, %wv : ($memory, $wk) -> $memflat")
                           .op("%q = nn.split_dim %q1 dim 2 minor $size : ($flat) -> $heads")
                           .op("%k = nn.split_dim %k1 dim 2 minor $size : ($memflat) -> $memheads")
                           .op("%v = nn.split_dim %v1 dim 2 minor $size : ($memflat) -> $memheads")
                           .op("%o = nn.attention %q, %k, %v " + std::string(masked ? causal : "") +
                               ": ($heads, $memheads, $memheads) -> $heads")),
         .group = 2});
}

void addLosses(std::vector<OpModel> &models) {
  // A loss of logits that are a linear of the stream's norm and of %head.
  auto add = [&](const std::string &name, Text text, const std::string &attributes,
                 double ignored = -100) {
    models.push_back({.name = "cross_entropy" + name,
                      .text = text.op("%n = nn.rms_norm %s {eps = 1.0e-5 : f64} : ($x) -> $x")
                                  .op("%logits = nn.linear %n, %head : ($x, $table) -> $logits")
                                  .input("labels", "$ids", "\"B\", \"T\"")
                                  .op("%loss = nn.cross_entropy %logits, %labels {" + attributes +
                                      "} : ($logits, $ids) -> $scalar")
                                  .str(),
                      .ignoredLabel = ignored,
                      .hasStream = true});
  };
  Text untied = stream().parameter("head", "$table");
  const std::string sum = "reduction = #nn<reduction sum>",
                    smoothing = "label_smoothing = 0.1 : f64", inside = "ignore_index = 2 : i64";
  add("", untied, "");
  add("_sum", untied, sum);
  add("_smoothing", untied, smoothing);
  add("_sum_smoothing", untied, sum + ", " + smoothing);
  add("_ignoring_a_class", untied, inside, 2);
  add("_ignoring_a_class_sum", untied, inside + ", " + sum, 2);
  add("_ignoring_a_class_smoothing", untied, inside + ", " + smoothing, 2);
  add("_ignoring_a_class_sum_smoothing", untied, inside + ", " + sum + ", " + smoothing, 2);
  add("_tied",
      stream()
          .declare("nn.tie @head to @table init #nn.init<normal, 0.0, 1.0>")
          .read("head", "$table"),
      "");
}

} // namespace

void addBlockModels(std::vector<OpModel> &models) {
  addNorms(models);
  addAttention(models);
  addLosses(models);
}

} // namespace tpc::conformance
