//===- RuleHelpers.h - Rules of usual ops, for tests ----------------------------------------===//
#pragma once

#include "algebra/Rule.h"

namespace tpc::test {

/// x[b, i] . w[o, i] -> y[b, o]
inline Rule linearRule(int64_t batch, int64_t in, int64_t out) {
  Rule rule;
  int b = rule.addFactor({"batch", batch});
  int i = rule.addFactor({"in", in, FactorKind::Contracted, ReduceKind::Sum, PadNeed::Zero});
  int o = rule.addFactor({"out", out});
  rule.operands = {{{b}, {i}}, {{o}, {i}}};
  rule.results = {{{b}, {o}}};
  rule.linearIn = {{0}, {1}};
  return rule;
}

/// a[m, n] + b[m, n] + ... ; linear in all operands together.
inline Rule addRule(int64_t rows, int64_t columns, int count = 2) {
  Rule rule;
  int m = rule.addFactor({"rows", rows});
  int n = rule.addFactor({"columns", columns});
  rule.operands.assign(count, {{m}, {n}});
  rule.results = {{{m}, {n}}};
  rule.linearIn.push_back({});
  for (int i = 0; i < count; ++i)
    rule.linearIn[0].push_back(i);
  return rule;
}

/// a[m, n] * b[m, n]
inline Rule mulRule(int64_t rows, int64_t columns) {
  Rule rule = addRule(rows, columns);
  rule.linearIn = {{0}, {1}};
  return rule;
}

/// x[rows, columns] -> max[rows]
inline Rule rowMaxRule(int64_t rows, int64_t columns) {
  Rule rule;
  int m = rule.addFactor({"rows", rows});
  int n = rule.addFactor({"columns", columns, FactorKind::Contracted, ReduceKind::Max});
  rule.operands = {{{m}, {n}}};
  rule.results = {{{m}}};
  return rule;
}

/// x[tokens, three * heads * size] -> y[tokens, three, heads, size]
inline Rule unfuseRule(int64_t tokens, int64_t heads, int64_t size) {
  Rule rule;
  int t = rule.addFactor({"tokens", tokens});
  int three = rule.addFactor({"three", 3});
  int h = rule.addFactor({"heads", heads});
  int s = rule.addFactor({"size", size});
  rule.operands = {{{t}, {three, h, s}}};
  rule.results = {{{t}, {three}, {h}, {s}}};
  rule.linearIn = {{0}};
  return rule;
}

/// x[rows, columns], w[columns] -> y[rows, columns], every row normalised.
inline Rule normRule(int64_t rows, int64_t columns) {
  Rule rule;
  int m = rule.addFactor({"rows", rows});
  int n = rule.addFactor({"columns", columns, FactorKind::Whole});
  rule.operands = {{{m}, {n}}, {{n}}};
  rule.results = {{{m}, {n}}};
  return rule;
}

} // namespace tpc::test
