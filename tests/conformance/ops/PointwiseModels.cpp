//===- PointwiseModels.cpp - Models around ops that work element by element ----------------===//
//
// They stand on features that columns split, so pads hold what the op makes of zeros: an
// exponential 1, a quotient 0 / 0.
//
//===---------------------------------------------------------------------------------------===//
#include "ModelText.h"

namespace tpc::conformance {

void addPointwiseModels(std::vector<OpModel> &models) {
  auto add = [&](const std::string &name, Text text) {
    models.push_back({.name = name, .text = fromFeatures(std::move(text))});
  };
  for (std::string name : {"neg", "exp", "tanh", "square", "silu", "relu", "gelu"})
    add(name, features().op("%v = nn." + name + " %u : ($f) -> $f"));
  add("gelu_tanh", features().op("%v = nn.gelu %u {tanh} : ($f) -> $f"));
  add("scale", features().op("%v = nn.scale %u {factor = -1.5 : f64} : ($f) -> $f"));
  add("scale_down", features().op("%v = nn.scale %u {factor = 0.3 : f64} : ($f) -> $f"));

  // g is positive, and so is its sum with what is not negative.
  Text withRow = features().parameter("g", "$g");
  add("log", Text(withRow)
                 .op("%e = nn.exp %u : ($f) -> $f")
                 .op("%s = nn.add %e, %g : ($f, $g) -> $f")
                 .op("%v = nn.log %s : ($f) -> $f"));
  Text positive =
      Text(withRow).op("%e = nn.square %u : ($f) -> $f").op("%s = nn.add %e, %g : ($f, $g) -> $f");
  add("sqrt", Text(positive).op("%v = nn.sqrt %s : ($f) -> $f"));

  for (std::string name : {"add", "sub", "mul"}) {
    std::string op = "%v = nn." + name;
    add(name, twoFeatures().op(op + " %u, %o : ($f, $f) -> $f"));
    add(name + "_row", Text(withRow).op(op + " %u, %g : ($f, $g) -> $f"));
    add(name + "_to_row", Text(withRow).op(op + " %g, %u : ($g, $f) -> $f"));
  }
  add("add_three",
      twoFeatures().parameter("g", "$g").op("%v = nn.add %u, %g, %o : ($f, $g, $f) -> $f"));
  add("mul_scalar",
      features().parameter("c", "$scalar").op("%v = nn.mul %u, %c : ($f, $scalar) -> $f"));
  add("div", Text(positive)
                 .parameter("w3", "$w1")
                 .op("%o = nn.linear %x, %w3 : ($x, $w1) -> $f")
                 .op("%v = nn.div %o, %s : ($f, $f) -> $f"));
  add("div_row", Text(withRow).op("%v = nn.div %u, %g : ($f, $g) -> $f"));
  add("div_to_row", Text(positive).op("%v = nn.div %g, %s : ($g, $f) -> $f"));

  add("fill", features().op("%c = nn.fill 0.7 : $f").op("%v = nn.mul %u, %c : ($f, $f) -> $f"));
  add("cast",
      features().op("%n = nn.cast %u : ($f) -> $bf16").op("%v = nn.cast %n : ($bf16) -> $f"));
  add("cast_tf32", features().op("%v = nn.cast %u {tf32} : ($f) -> $f"));
  models.back().onlyF32 = true;
  add("dropout", features().randomState().op(
                     "%v = nn.dropout %u, %seed, %step {p = 0.3 : f64, stream = \"mlp\"} : "
                     "($f, $integer, $integer) -> $f"));
}

} // namespace tpc::conformance
