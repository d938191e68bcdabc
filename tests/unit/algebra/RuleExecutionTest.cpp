//===- RuleExecutionTest.cpp - Every strategy computes what the op means --------------------===//
//
// A rule can be wrong in a way that its application repeats. So the ops of RuleHelpers are
// executed: once on whole tensors, and once by every rank on its local tensors, which are cut,
// padded and made partial as the strategy says; then the results of the ranks are put together as
// applyRule says, and must be equal. Inputs are integers and partial values differ by rank by
// powers of ten, so that a rank that is missing, double or wrong shows.
//
//===---------------------------------------------------------------------------------------===//
#include "algebra/CoordinateMap.h"

#include "LayoutHelpers.h"
#include "RuleHelpers.h"

namespace tpc::test {
namespace {

using Values = std::vector<int64_t>;

enum class Combine { Add, Multiply };

/// Element of a tensor at the given index of each factor.
int64_t offsetOf(const TensorFactors &tensor, const Values &index, const Values &extents) {
  int64_t offset = 0;
  for (const DimFactors &dim : tensor)
    for (int factor : dim)
      offset = offset * extents[factor] + index[factor];
  return offset;
}

int64_t elementsOf(const TensorFactors &tensor, const Values &extents) {
  int64_t elements = 1;
  for (const DimFactors &dim : tensor)
    for (int factor : dim)
      elements *= extents[factor];
  return elements;
}

constexpr int64_t kLeast = -1'000'000'000;

bool isMax(const Rule &rule) {
  for (const RuleFactor &factor : rule.factors)
    if (factor.kind == FactorKind::Contracted && factor.reduce == ReduceKind::Max)
      return true;
  return false;
}

/// The op on factors of these extents: all operands combined at each point, and the points that
/// fall on one element of the result added, or the largest taken.
Values execute(const Rule &rule, Combine combine, const std::vector<Values> &operands,
               const Values &extents) {
  Values result(elementsOf(rule.results[0], extents), isMax(rule) ? kLeast : 0);
  Values index(extents.size(), 0);
  for (bool more = true; more;) {
    int64_t value = combine == Combine::Add ? 0 : 1;
    for (size_t i = 0; i < operands.size(); ++i) {
      int64_t x = operands[i].at(offsetOf(rule.operands[i], index, extents));
      value = combine == Combine::Add ? value + x : value * x;
    }
    int64_t &target = result.at(offsetOf(rule.results[0], index, extents));
    target = isMax(rule) ? std::max(target, value) : target + value;
    more = false;
    for (size_t f = extents.size(); f-- > 0 && !more;) {
      more = ++index[f] < extents[f];
      if (!more)
        index[f] = 0;
    }
  }
  return result;
}

/// The layouts of the factors under one strategy per axis; a factor that several axes split is
/// padded to all of them.
std::vector<DimLayout> layoutsOf(const Rule &rule, const std::vector<Strategy> &perAxis,
                                 const Mesh &mesh) {
  std::vector<DimLayout> layouts;
  for (size_t f = 0; f < rule.factors.size(); ++f) {
    Factor factor{rule.factors[f].size, 0, {}};
    int64_t ranks = 1;
    for (size_t axis = 0; axis < perAxis.size(); ++axis)
      if (perAxis[axis].factor == static_cast<int>(f)) {
        factor.axes.push_back(static_cast<AxisId>(axis));
        ranks *= mesh.axisSize(static_cast<AxisId>(axis));
      }
    factor.padded = (factor.logical + ranks - 1) / ranks * ranks;
    layouts.push_back({factor});
  }
  return layouts;
}

/// What `rank` holds of `whole`. Pads hold the neutral value of the op. On each axis on which the
/// value is partial, rank r of the group holds 10^r more per element than its share of the whole,
/// and the first rank makes up for it.
Values localOf(const Values &whole, const Sharding &sharding, const Mesh &mesh, int64_t rank,
               int64_t pad) {
  CoordinateMap map(sharding, mesh, rank);
  Values local(map.localElements(), pad);
  map.forEachRun([&](int64_t to, int64_t from, int64_t length) {
    std::copy_n(whole.begin() + from, length, local.begin() + to);
  });
  for (const Partial &partial : sharding.partial) {
    int64_t size = mesh.axisSize(partial.axis), coordinate = mesh.coordinate(rank, partial.axis);
    int64_t others = 0, own = 1;
    for (int64_t r = 1, power = 10; r < size; ++r, power *= 10) {
      others += power;
      if (r == coordinate)
        own = power;
    }
    for (size_t i = 0; i < local.size(); ++i)
      if (map.globalElement(static_cast<int64_t>(i)) >= 0)
        local[i] = coordinate == 0 ? local[i] - others : own;
  }
  return local;
}

/// Reduces every axis on which the value is partial, then writes all ranks' elements to one tensor;
/// fails if two ranks disagree or an element is nowhere.
Values gather(std::vector<Values> locals, const Sharding &sharding, const Mesh &mesh,
              const std::string &what) {
  for (const Partial &partial : sharding.partial) {
    std::vector<Values> reduced = locals;
    for (int64_t rank = 0; rank < mesh.numRanks(); ++rank)
      for (size_t i = 0; i < locals[rank].size(); ++i) {
        int64_t value = partial.kind == ReduceKind::Max ? kLeast : 0;
        for (int64_t other : mesh.group(rank, partial.axis))
          value = partial.kind == ReduceKind::Max ? std::max(value, locals[other].at(i))
                                                  : value + locals[other].at(i);
        reduced[rank][i] = value;
      }
    locals = std::move(reduced);
  }
  constexpr int64_t kMissing = INT64_MIN;
  Values whole(CoordinateMap(sharding, mesh, 0).globalElements(), kMissing);
  for (int64_t rank = 0; rank < mesh.numRanks(); ++rank)
    CoordinateMap(sharding, mesh, rank).forEachRun([&](int64_t from, int64_t to, int64_t length) {
      for (int64_t k = 0; k < length; ++k) {
        int64_t value = locals[rank].at(from + k);
        EXPECT_TRUE(whole[to + k] == kMissing || whole[to + k] == value)
            << what << ": rank " << rank << " disagrees on element " << to + k;
        whole[to + k] = value;
      }
    });
  EXPECT_EQ(std::count(whole.begin(), whole.end(), kMissing), 0) << what;
  return whole;
}

void checkStrategies(const Rule &rule, Combine combine, const Mesh &mesh,
                     const std::vector<Strategy> &perAxis) {
  std::string what;
  for (size_t axis = 0; axis < perAxis.size(); ++axis)
    what += mesh.axes[axis].name + " " + perAxis[axis].str(rule) + "; ";

  std::vector<DimLayout> layouts = layoutsOf(rule, perAxis, mesh);
  std::vector<Sharding> shardings;
  for (const TensorFactors &tensor : rule.operands) {
    Sharding sharding;
    for (const DimFactors &dim : tensor) {
      std::vector<DimLayout> parts;
      for (int factor : dim)
        parts.push_back(layouts[factor]);
      sharding.dims.push_back(composeDim(parts));
    }
    for (size_t axis = 0; axis < perAxis.size(); ++axis)
      if (perAxis[axis].operands[shardings.size()].kind == Placement::Partial)
        sharding = sharding.withPartial(static_cast<AxisId>(axis), ReduceKind::Sum);
    shardings.push_back(std::move(sharding));
  }

  auto applied = applyRule(rule, shardings, mesh);
  auto *error = std::get_if<RuleError>(&applied);
  ASSERT_FALSE(error) << what << error->message;
  const Sharding &result = std::get<std::vector<Sharding>>(applied)[0];
  for (size_t axis = 0; axis < perAxis.size(); ++axis) {
    AxisId id = static_cast<AxisId>(axis);
    EXPECT_EQ(result.placementOn(id).str(), perAxis[axis].results[0].str()) << what;
    for (size_t i = 0; i < shardings.size(); ++i)
      EXPECT_EQ(shardings[i].placementOn(id).str(), perAxis[axis].operands[i].str()) << what;
  }

  Values extents, localExtents;
  for (size_t f = 0; f < layouts.size(); ++f) {
    extents.push_back(rule.factors[f].size);
    localExtents.push_back(localSize(layouts[f], mesh));
  }
  Random random(5);
  std::vector<Values> operands;
  for (const TensorFactors &tensor : rule.operands) {
    operands.emplace_back(elementsOf(tensor, extents));
    for (int64_t &value : operands.back())
      value = random.in(-999, 999);
  }
  std::vector<Values> locals;
  for (int64_t rank = 0; rank < mesh.numRanks(); ++rank) {
    std::vector<Values> localOperands;
    for (size_t i = 0; i < operands.size(); ++i)
      localOperands.push_back(
          localOf(operands[i], shardings[i], mesh, rank, isMax(rule) ? kLeast : 0));
    locals.push_back(execute(rule, combine, localOperands, localExtents));
    ASSERT_EQ(static_cast<int64_t>(locals.back().size()),
              CoordinateMap(result, mesh, rank).localElements())
        << what;
  }
  EXPECT_EQ(gather(locals, result, mesh, what), execute(rule, combine, operands, extents)) << what;
}

struct Op {
  const char *name;
  Rule rule;
  Combine combine;
};

std::vector<Op> opsToExecute() {
  // Sizes that divide by 2 and 4, and sizes that do not.
  return {
      {"linear", linearRule(4, 8, 12), Combine::Multiply},
      {"linear, uneven", linearRule(3, 5, 7), Combine::Multiply},
      {"add", addRule(4, 8), Combine::Add},
      {"add of three, uneven", addRule(3, 5, 3), Combine::Add},
      {"mul", mulRule(3, 6), Combine::Multiply},
      {"row max", rowMaxRule(4, 8), Combine::Add},
      {"row max, uneven", rowMaxRule(3, 5), Combine::Add},
      {"unfuse", unfuseRule(2, 4, 4), Combine::Add},
      {"unfuse, uneven", unfuseRule(3, 3, 2), Combine::Add},
  };
}

TEST(RuleExecution, EveryStrategyOfOneAxis) {
  for (int64_t size : {1, 2, 3, 4})
    for (const Op &op : opsToExecute()) {
      SCOPED_TRACE(std::string(op.name) + " on tp=" + std::to_string(size));
      for (const Strategy &strategy : strategies(op.rule))
        checkStrategies(op.rule, op.combine, Mesh{{{"tp", size}}}, {strategy});
    }
}

TEST(RuleExecution, EveryPairOfStrategiesOnTwoAxes) {
  for (const Op &op : opsToExecute()) {
    SCOPED_TRACE(op.name);
    for (const Strategy &dp : strategies(op.rule))
      for (const Strategy &tp : strategies(op.rule))
        checkStrategies(op.rule, op.combine, Mesh{{{"dp", 2}, {"tp", 4}}}, {dp, tp});
  }
}

} // namespace
} // namespace tpc::test
