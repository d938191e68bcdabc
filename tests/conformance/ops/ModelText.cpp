//===- ModelText.cpp - Text of small models, part by part ----------------------------------===//
#include "ModelText.h"

#include "tests/unit/interpreter/TestModule.h"

namespace tpc::conformance {

Text &Text::input(const std::string &name, const std::string &type, const std::string &dims) {
  return declare("nn.input @" + name + " : " + type + " dims [" + dims + "]").read(name, type);
}

Text &Text::parameter(const std::string &name, const std::string &type) {
  return declare("nn.parameter @" + name + " : " + type + " init #nn.init<normal, 0.0, 1.0>")
      .read(name, type);
}

Text &Text::randomState() {
  for (const char *role : {"seed", "step"})
    declare(std::string("nn.scalar @") + role + " : $integer = 0.0 role " + role)
        .read(role, "$integer");
  return *this;
}

Text &Text::declare(const std::string &line) {
  declarations += line + "\n";
  return *this;
}

Text &Text::read(const std::string &name, const std::string &type) {
  return op("%" + name + " = nn.read @" + name + " : " + type);
}

Text &Text::op(const std::string &line) {
  body += line + "\n";
  return *this;
}

std::string Text::str() const {
  return "nn.dim @B = $batch\n"
         "nn.dim @T = $sequence\n"
         "nn.scalar @lr : $scalar = 0.5\n" +
         declarations + "nn.entry @loss outputs [\"loss\"] {\n" + body +
         "nn.return %loss : $scalar\n}\n"
         "nn.training @train of @loss optimizer $optimizer\n";
}

std::string Text::weighed(const std::string &value, const std::string &type,
                          const std::string &dims, const std::string &all,
                          const std::string &reduction) {
  return input("weights", type, dims)
      .op("%weighed = nn.mul %" + value + ", %weights : (" + type + ", " + type + ") -> " + type)
      .op("%loss = nn." + reduction + " %weighed dims " + all + " : (" + type + ") -> $scalar")
      .str();
}

Text features() {
  return Text()
      .input("x", "$x", kByRow)
      .parameter("w1", "$w1")
      .op("%u = nn.linear %x, %w1 : ($x, $w1) -> $f");
}

Text twoFeatures() {
  return features().parameter("w3", "$w1").op("%o = nn.linear %x, %w3 : ($x, $w1) -> $f");
}

std::string fromFeatures(Text text, const std::string &type, const std::string &weight) {
  return text.parameter("w2", weight)
      .op("%z = nn.linear %v, %w2 : (" + type + ", " + weight + ") -> $x")
      .weighed("z", "$x", kByRow, "[0, 1, 2]");
}

Text heads() {
  return Text()
      .input("x", "$x", kByRow)
      .parameter("wq", "$wq")
      .parameter("wk", "$wk")
      .parameter("wv", "$wk")
      .op("%q1 = nn.linear %x, %wq : ($x, $wq) -> $flat")
      .op("%k1 = nn.linear %x, %wk : ($x, $wk) -> $kvflat")
      .op("%v1 = nn.linear %x, %wv : ($x, $wk) -> $kvflat")
      .op("%q = nn.split_dim %q1 dim 2 minor $size : ($flat) -> $heads")
      .op("%k = nn.split_dim %k1 dim 2 minor $size : ($kvflat) -> $kvheads")
      .op("%v = nn.split_dim %v1 dim 2 minor $size : ($kvflat) -> $kvheads");
}

std::string fromHeads(Text text) {
  return text.op("%o1 = nn.merge_dims %o dim 2 : ($heads) -> $flat")
      .parameter("wo", "$wo")
      .op("%z = nn.linear %o1, %wo : ($flat, $wo) -> $x")
      .weighed("z", "$x", kByRow, "[0, 1, 2]");
}

Text stream() {
  return Text()
      .input("tokens", "$ids", "\"B\", \"T\"")
      .parameter("table", "$table")
      .op("%s = nn.embedding %tokens, %table : ($ids, $table) -> $x");
}

std::string
aroundBlock(Text text,
            const std::function<std::string(const char *result, const char *operand)> &line) {
  return text.op(line("%n", "%s"))
      .parameter("w1", "$w1")
      .op("%u = nn.linear %n, %w1 : ($x, $w1) -> $f")
      .op("%a = nn.silu %u : ($f) -> $f")
      .parameter("w2", "$w2")
      .op("%p = nn.linear %a, %w2 : ($f, $w2) -> $x")
      .op("%r = nn.add %s, %p : ($x, $x) -> $x")
      .op(line("%m", "%r"))
      .weighed("m", "$x", kByRow, "[0, 1, 2]");
}

std::string withTypes(const std::string &text, const OpSizes &s, const OpModel &model) {
  int64_t b = s.batch, t = s.sequence, h = s.hidden, f = s.features, v = s.vocab, d = s.size;
  int64_t kv = s.kvHeads, heads = kv * model.group, q = heads * d, memory = t + 2;
  auto tensor = [](const interpreter::Shape &shape, const char *element = "f32") {
    return interpreter::test::tensorText(shape, element);
  };
  return interpreter::test::substitute(text, {
                                                 {"batch", std::to_string(b)},
                                                 {"sequence", std::to_string(t)},
                                                 {"size", std::to_string(d)},
                                                 {"qwidth", std::to_string(q)},
                                                 {"most", std::to_string(f - 2)},
                                                 {"optimizer", model.optimizer},
                                                 {"scalar", tensor({})},
                                                 {"integer", tensor({}, "i32")},
                                                 {"ids", tensor({b, t}, "i32")},
                                                 {"idsturned", tensor({t, b}, "i32")},
                                                 {"idsshort", tensor({b, 3}, "i32")},
                                                 {"rows", tensor({b, t})},
                                                 {"x", tensor({b, t, h})},
                                                 {"xturned", tensor({t, b, h})},
                                                 {"xshort", tensor({b, 3, h})},
                                                 {"xlong", tensor({b, 3 + t, h})},
                                                 {"f", tensor({b, t, f})},
                                                 {"frows", tensor({b * t, f})},
                                                 {"fcut", tensor({b, t, f - 2})},
                                                 {"fpair", tensor({b, t, 2 * f})},
                                                 {"fshort", tensor({b, 3, f})},
                                                 {"flong", tensor({b, 3 + t, f})},
                                                 {"bf16", tensor({b, t, f}, "bf16")},
                                                 {"w1", tensor({f, h})},
                                                 {"w2", tensor({h, f})},
                                                 {"w2cut", tensor({h, f - 2})},
                                                 {"w2pair", tensor({h, 2 * f})},
                                                 {"w2qkv", tensor({h, 3 * q})},
                                                 {"g", tensor({f})},
                                                 {"row", tensor({h})},
                                                 {"table", tensor({v, h})},
                                                 {"places", tensor({t + 2, h})},
                                                 {"logits", tensor({b, t, v})},
                                                 {"classes", tensor({v})},
                                                 {"wq", tensor({q, h})},
                                                 {"wk", tensor({kv * d, h})},
                                                 {"wo", tensor({h, q})},
                                                 {"wqkv", tensor({3 * q, h})},
                                                 {"bqkv", tensor({3 * q})},
                                                 {"flat", tensor({b, t, q})},
                                                 {"kvflat", tensor({b, t, kv * d})},
                                                 {"qkv", tensor({b, t, 3 * q})},
                                                 {"three", tensor({b, t, 3, q})},
                                                 {"one", tensor({b, t, 1, q})},
                                                 {"heads", tensor({b, t, heads, d})},
                                                 {"kvheads", tensor({b, t, kv, d})},
                                                 {"turned", tensor({b, heads, t, d})},
                                                 {"scores", tensor({b, heads, t, t})},
                                                 {"products", tensor({b, heads, d, d})},
                                                 {"across", tensor({b, heads, d, t})},
                                                 {"memory", tensor({b, memory, h})},
                                                 {"memflat", tensor({b, memory, kv * d})},
                                                 {"memheads", tensor({b, memory, kv, d})},
                                             });
}

} // namespace tpc::conformance
