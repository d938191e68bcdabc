//===- TrainingModels.cpp - Models around linears with biases, and optimizers --------------===//
#include "ModelText.h"

namespace tpc::conformance {

void addTrainingModels(std::vector<OpModel> &models) {
  // A weight and a bias that columns split, a weight that rows split, and a bias on all ranks.
  std::string text = Text()
                         .input("x", "$x", kByRow)
                         .parameter("w1", "$w1")
                         .parameter("b1", "$g")
                         .op("%u = nn.linear %x, %w1 bias %b1 : ($x, $w1, $g) -> $f")
                         .op("%v = nn.gelu %u : ($f) -> $f")
                         .parameter("w2", "$w2")
                         .parameter("b2", "$row")
                         .op("%z = nn.linear %v, %w2 bias %b2 : ($f, $w2, $row) -> $x")
                         .weighed("z", "$x", kByRow, "[0, 1, 2]");
  auto add = [&](const std::string &name, const std::string &optimizer) {
    models.push_back({.name = name, .text = text, .optimizer = optimizer});
  };
  const std::string groups = " groups [#nn.group<\"b*\", weight_decay = 0.0 : f64>]";
  add("linear_bias", "#nn.sgd<lr = @lr>");
  add("sgd_decay", "#nn.sgd<lr = @lr, weight_decay = 0.1 : f64>" + groups);
  add("sgd_momentum", "#nn.sgd<lr = @lr, momentum = 0.9 : f64>");
  add("adam", "#nn.adam<lr = @lr>");
  add("adam_decay", "#nn.adam<lr = @lr, beta1 = 0.8 : f64, beta2 = 0.95 : f64, eps = 1.0e-5 : f64, "
                    "weight_decay = 0.1 : f64>" +
                        groups);
  add("adamw", "#nn.adam<lr = @lr, weight_decay = 0.1 : f64, decoupled = true>");
  add("clip", "#nn.sgd<lr = @lr> clip_norm 0.5");
  add("clip_nothing", "#nn.adam<lr = @lr> clip_norm 1.0e6");
}

} // namespace tpc::conformance
