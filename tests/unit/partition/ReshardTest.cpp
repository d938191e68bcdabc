//===- ReshardTest.cpp - Every reshard, executed ---------------------------------------------===//
//
// A value of shape [24, 5], the 24 being (3, 4, 2), is resharded from every placement to every
// other one on meshes of one and two axes: any factor may be split by any axis, by both, or by none
// with a partial sum instead. Each reshard is partitioned, proved and executed on virtual ranks. So
// are those between dims that are padded to different multiples, as weights are on GPUs.
//
//===---------------------------------------------------------------------------------------===//
#include "Mutate.h"

#include "tests/unit/interpreter/TestModule.h"

#include "compiler/interpreter/VirtualRanks.h"
#include "compiler/partition/Partition.h"
#include "compiler/partition/Proof.h"
#include "dialects/tp/TP.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

#include <gtest/gtest.h>

using namespace mlir;

namespace tpc::interpreter::test {
namespace {

constexpr int64_t kFactors[] = {3, 4, 2, 5}; ///< the last one is dim 1
constexpr int kNone = 4, kPartial = 5;

/// One choice per axis: a factor, none, or partial; and what one factor on a rank is a multiple of.
struct Choice {
  std::vector<int> factors;
  int64_t multiple = 1;
  size_t padded = 3; ///< that factor

  int operator[](size_t axis) const { return factors[axis]; }
};

Sharding shardingOf(const Choice &choice, const Mesh &mesh) {
  Sharding sharding;
  DimLayout factors;
  for (int64_t extent : kFactors)
    factors.push_back({extent, extent, {}});
  for (AxisId axis = 0; axis < mesh.axes.size(); ++axis)
    if (choice[axis] < kNone)
      factors[choice[axis]].axes.push_back(axis);
    else if (choice[axis] == kPartial)
      sharding.partial.push_back({axis, ReduceKind::Sum});
  for (Factor &factor : factors) {
    int64_t step = &factor == &factors[choice.padded] ? choice.multiple : 1;
    for (AxisId axis : factor.axes)
      step *= mesh.axisSize(axis);
    factor.padded = (factor.logical + step - 1) / step * step;
  }
  sharding.dims = {canonical({factors[0], factors[1], factors[2]}), {factors[3]}};
  return sharding;
}

/// The sum of a value over a dim that is split where `choice` is partial.
Sharding shardingOfAddends(const Choice &choice, const Mesh &mesh) {
  Sharding sharding = shardingOf(choice, mesh);
  DimLayout leading;
  for (AxisId axis = 0; axis < mesh.axes.size(); ++axis) {
    leading.push_back({mesh.axisSize(axis), mesh.axisSize(axis), {}});
    if (choice[axis] == kPartial)
      leading.back().axes = {axis};
  }
  sharding.partial.clear();
  sharding.dims.insert(sharding.dims.begin(), canonical(std::move(leading)));
  return sharding;
}

std::string typeOf(const std::string &shape, const Sharding &sharding, const Mesh &mesh) {
  return "tensor<" + shape + "xf64, #tp.sharding<@mesh, " + sharding.str(mesh) + ">>";
}

/// @p becomes the sum of @x over dim 0, resharded.
std::string programOf(const Choice &from, const Choice &to, const Mesh &mesh) {
  Sharding addends = shardingOfAddends(from, mesh);
  std::string x = typeOf(std::to_string(mesh.numRanks()) + "x24x5", addends, mesh),
              y = typeOf("24x5", shardingOf(from, mesh), mesh),
              z = typeOf("24x5", shardingOf(to, mesh), mesh), axes;
  for (const MeshAxis &axis : mesh.axes)
    axes += (axes.empty() ? "\"" : ", \"") + axis.name + "\" = " + std::to_string(axis.size);
  return "tp.mesh @mesh [" + axes + "]\nnn.input @x : " + x + " dims [\"\", \"\", \"\"]\n" +
         "nn.parameter @p : " + z + " init #nn.init<zeros>\nnn.entry @f outputs [] {\n" +
         "%x = nn.read @x : " + x + "\n%y = nn.sum %x dims [0] : (" + x + ") -> " + y +
         "\n%z = tp.reshard %y why \"test\" : " + y + " -> " + z + "\nnn.write %z, @p : " + z +
         "\nnn.return\n}";
}

/// Expects that the reshard has a local form that is proved, and does nothing to the value.
void check(const Choice &from, const Choice &to, const Mesh &mesh) {
  std::string program = programOf(from, to, mesh), messages;
  SCOPED_TRACE(mesh.str() + ": from " + shardingOf(from, mesh).str(mesh) + " to " +
               shardingOf(to, mesh).str(mesh));
  ScopedDiagnosticHandler handler(&context(), [&](Diagnostic &diagnostic) {
    messages += diagnostic.str() + "\n";
    return success();
  });
  auto sharded = parseModule(program);
  ASSERT_TRUE(sharded) << messages << program;
  OwningOpRef<ModuleOp> local = sharded->clone();
  ASSERT_TRUE(succeeded(partition(*local))) << messages;
  ASSERT_TRUE(succeeded(verify(*local))) << messages;
  ASSERT_TRUE(succeeded(proveLocal(*sharded, *local))) << messages;

  Tensor x({mesh.numRanks(), 24, 5}), expected({24, 5});
  for (int64_t i = 0; i < x.size(); ++i) {
    x[i] = i % 127 + 1000 * (i / 120);
    expected[i % 120] += x[i];
  }
  VirtualRanks ranks(*local->getOps<nn::EntryOp>().begin());
  auto outcome = ranks.run({{"x", x}, {"p", Tensor({24, 5})}});
  ASSERT_TRUE(succeeded(outcome)) << messages;
  EXPECT_EQ(outcome->writes.at("p").data, expected.data);
}

void checkAll(const Mesh &mesh) {
  /// For each axis one of 0, ..., most.
  auto choices = [&](int most) {
    std::vector<Choice> all = {{}};
    for (size_t axis = 0; axis < mesh.axes.size(); ++axis) {
      std::vector<Choice> longer;
      for (const Choice &choice : all)
        for (int next = 0; next <= most; ++next) {
          longer.push_back(choice);
          longer.back().factors.push_back(next);
        }
      all = std::move(longer);
    }
    return all;
  };
  for (const Choice &from : choices(kPartial))
    for (const Choice &to : choices(kNone)) {
      check(from, to, mesh);
      if (testing::Test::HasFatalFailure())
        return;
    }
}

TEST(Reshards, OneAxis) {
  for (int64_t ranks : {2, 3, 4, 5})
    checkAll({{{"tp", ranks}}});
}

// Of two ranks each: where an axis leaves a rank one index of a factor, {3 "tp", 8 "dp"} and
// {24 "tp" "dp"} store the same, and the proof tells them apart and refuses the program.
TEST(Reshards, TwoAxes) { checkAll({{{"dp", 2}, {"tp", 2}}}); }

/// Of 5 one rank has 8 where 4 are wanted, and one of three 4.
TEST(Reshards, PadsOfOtherSizes) {
  for (int64_t ranks : {2, 3})
    for (int from : {0, 1, 3, kNone, kPartial})
      for (int to : {0, 1, 3, kNone})
        for (auto [before, after] : {std::pair<int64_t, int64_t>(1, 4), {4, 1}, {4, 4}, {4, 3}}) {
          check({{from}, before}, {{to}, after}, {{{"tp", ranks}}});
          if (HasFatalFailure())
            return;
        }
}

/// Of 4 that lie between other factors there are 6 where that is wanted.
TEST(Reshards, PadsOfAnInnerFactor) {
  for (int from : {3, kNone, kPartial})
    for (int to : {3, kNone})
      for (auto [before, after] : {std::pair<int64_t, int64_t>(1, 3), {3, 1}, {3, 3}}) {
        check({{from}, before, 1}, {{to}, after, 1}, {{{"tp", 2}}});
        if (HasFatalFailure())
          return;
      }
}

/// How the split goes from one dim to the other: by one all_to_all, whichever factor is split.
TEST(Reshards, ASplitMovesToAnotherDimByOneCollective) {
  for (const Mesh &mesh : {Mesh{{{"tp", 2}}}, Mesh{{{"tp", 4}}}, Mesh{{{"tp", 3}, {"dp", 1}}}})
    for (int factor : {0, 1, 2})
      for (bool back : {false, true}) {
        Choice from{{factor, kNone}}, to{{3, kNone}};
        if (back)
          std::swap(from, to);
        auto local = parseModule(programOf(from, to, mesh));
        ASSERT_TRUE(local);
        ASSERT_TRUE(succeeded(partition(*local)));
        int moves = 0, others = 0;
        local->walk([&](Operation *op) {
          moves += isa<tp::AllToAllOp>(op);
          others += isa<tp::SliceOp>(op) || (tp::isCollective(op) && !isa<tp::AllToAllOp>(op));
        });
        EXPECT_EQ(moves, 1) << mesh.str() << ": factor " << factor << (back ? ", back" : "");
        EXPECT_EQ(others, 0) << mesh.str() << ": factor " << factor << (back ? ", back" : "");
      }
}

/// The views around a collective are no hole in the proof.
TEST(Reshards, MutantsAreRefused) {
  const Mesh mesh{{{"tp", 2}}};
  const std::pair<Choice, Choice> pairs[] = {{{{1}}, {{0}}}, {{{0}}, {{2}}}, {{{kPartial}}, {{1}}},
                                             {{{1}}, {{3}}}, {{{3}}, {{1}}}, {{{0}}, {{3}}}};
  for (const auto &[from, to] : pairs) {
    auto sharded = parseModule(programOf(from, to, mesh));
    OwningOpRef<ModuleOp> local = sharded->clone();
    ASSERT_TRUE(succeeded(partition(*local)));
    MutationReport report = mutate(*sharded, *local, /*wholeEvery=*/1);
    EXPECT_TRUE(report.survivors.empty()) << report.str();
    EXPECT_TRUE(report.complaints.empty()) << report.str();
    EXPECT_GT(report.kinds["operand replaced"].total + report.kinds["deleted"].total, 0);
  }
}

} // namespace
} // namespace tpc::interpreter::test
