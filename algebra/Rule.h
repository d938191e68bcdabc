//===- Rule.h - Sharding rules and their application -------------------------------------===//
//
// A rule states, like an einsum, which dims of an op's operands and results belong together.
// linear, x[b, t, i] . w[o, i] -> y[b, t, o], has the factors b, t, o (parallel) and i
// (contracted). All that is known about how an op may be split is in its rule: the solver
// enumerates it, the partitioner follows it, and the proof re-derives placements from it.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Sharding.h"

#include <string>
#include <variant>
#include <vector>

namespace tpc {

enum class FactorKind : uint8_t {
  Parallel,   ///< splitting it splits every result
  Contracted, ///< splitting it makes the results partial
  Whole,      ///< it can't be split: every rank needs all of it
};

/// What the pads of an operand must hold along a padded factor.
enum class PadNeed : uint8_t { None, Zero };

/// Whether the pads of a result are zero along a padded factor, given those of the operands.
struct PadResult {
  /// Zero if all the listed operands are zero there; an empty list means always zero; `any` means
  /// never known.
  bool any = true;
  std::vector<int> zeroIf = {};
  /// Results whose pads are not known even then (the log-sums of attention).
  std::vector<int> anyIn = {};

  /// Whether the pads of `result` are zero, given whether those of each operand are.
  bool isZero(int result, const std::vector<bool> &operandIsZero) const;
};

struct RuleFactor {
  std::string name; ///< for messages: "heads", "vocab"
  int64_t size;     ///< logical, global
  FactorKind kind = FactorKind::Parallel;
  ReduceKind reduce = ReduceKind::Sum; ///< of Contracted
  /// Need of every operand that has the factor. Contracted by a sum: Zero, unless the op itself
  /// ignores what lies beyond the logical extent.
  PadNeed padNeed = PadNeed::None;
  /// State of every result that has the factor.
  PadResult padResult = {};
  /// The op's result depends on where on the factor the rank stands (a vocabulary-parallel lookup):
  /// its local form takes the rank's offset along it.
  bool needsOffset = false;
};

/// Indices into Rule::factors, major first. An empty list is a dim of size 1 that nothing splits.
using DimFactors = std::vector<int>;
/// One list per dim.
using TensorFactors = std::vector<DimFactors>;

struct Rule {
  std::vector<RuleFactor> factors;
  std::vector<TensorFactors> operands; ///< of tensor operands, in operand order
  std::vector<TensorFactors> results;
  /// Sets of operands that may be partial(sum) on an axis together, the others being replicated
  /// there; the results are then partial(sum). linear: {0}, {1}; add: {0, 1, ..., n-1}.
  std::vector<std::vector<int>> linearIn;
  /// Operands of which the op takes nothing but shape and split. What they hold does not matter, so
  /// they may be partial on an axis that splits nothing: the `like` of a broadcast.
  std::vector<int> shapeOnly;
  /// An operand that may be worth holding whole on every rank, weights included, along one of its
  /// factors, because the op can split another one that the operand lacks: the kv heads of grouped
  /// attention, of which there can be fewer than ranks.
  struct MayReplicate {
    int operand, factor;
  };
  std::vector<MayReplicate> mayReplicate;

  int addFactor(RuleFactor factor) {
    factors.push_back(std::move(factor));
    return static_cast<int>(factors.size()) - 1;
  }
  /// What is wrong with the rule itself for tensors of these global shapes, or nothing.
  std::optional<std::string> check(const std::vector<std::vector<int64_t>> &operandShapes,
                                   const std::vector<std::vector<int64_t>> &resultShapes) const;
};

/// Why a rule does not apply; a sentence with the names of axis, operand and factor.
struct RuleError {
  std::string message;
  int operand = -1; ///< the operand at fault, or -1
};

/// The layout of each factor of a rule as the operands fix it, and the partial axes. A factor that
/// no operand has is whole.
struct FactorLayouts {
  std::vector<DimLayout> factors;
  std::vector<Partial> partial; ///< that the operands carry into the results
};

/// What the operands fix: the projection of each operand dim on its factors, and what the operands
/// carry into the results. Fails where applyRule does, but for what the results lack.
std::variant<FactorLayouts, RuleError>
factorLayouts(const Rule &rule, const std::vector<Sharding> &operands, const Mesh &mesh);

/// What the results are, given what the operands are. Fails where the rule does not allow it:
/// operands that disagree on a factor, an axis that splits two factors, a split Whole factor, a
/// partial operand that is not linear, partial beside replicated.
std::variant<std::vector<Sharding>, RuleError>
applyRule(const Rule &rule, const std::vector<Sharding> &operands, const Mesh &mesh);

/// One way to execute an op along one axis.
struct Strategy {
  /// The factor that the axis splits, or -1.
  int factor = -1;
  /// Index into Rule::linearIn: the operands that are partial, or -1. Both -1: replicated.
  int linear = -1;

  std::vector<Placement> operands; ///< required, per tensor operand
  std::vector<Placement> results;  ///< given, per result

  std::string str(const Rule &rule) const;
};

/// All strategies along one axis, in a fixed order: replicated, each factor, each linear set; then
/// those that split nothing once more, with the operands partial whose values do not matter. A
/// factor has one if it is not Whole, some operand has it, and, being Parallel, every result has
/// it: exactly then applyRule derives the strategy's results from its operands.
std::vector<Strategy> strategies(const Rule &rule);

} // namespace tpc
