//===- CompiledPlanTest.cpp - What the compiler writes, and what it could have got wrong -----===//
//
// Compiles real models, then damages their plans one slice at a time: the checks that a loader
// makes must see every damage, or they prove nothing about the plans that pass.
//
//===---------------------------------------------------------------------------------------===//

#include "compiler/driver/Driver.h"
#include "tests/unit/emit/CompiledPlans.h"
#include "tests/unit/support/Temporary.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

using namespace tpc;
using namespace tpc::test;

namespace {

/// The plan of a model, compiled into a folder of its own.
std::vector<uint8_t> compile(const std::filesystem::path &model,
                             const std::vector<std::string> &options) {
  TemporaryFile output;
  std::vector<std::string> arguments = {model.string(), "-o", output.path()};
  arguments.insert(arguments.end(), options.begin(), options.end());
  EXPECT_EQ(compileMain(arguments), 0);
  return readFile(output.path());
}

class Mutants : public testing::Test {
protected:
  void SetUp() override {
    std::vector<uint8_t> bytes = compile(kModels / "mlp.mlir", {"--tp", "2"});
    plan = std::unique_ptr<plan::PlanT>(plan::GetPlan(bytes.data())->UnPack());
    ASSERT_TRUE(passes(*plan));
  }

  plan::EntryT &train() {
    for (auto &entry : plan->entries)
      if (entry->name == "train")
        return *entry;
    ADD_FAILURE() << "no entry train";
    return *plan->entries[0];
  }

  std::unique_ptr<plan::PlanT> plan;
};

TEST_F(Mutants, AReadOfAnotherValueIsSeen) {
  // Of what a run binds, the first read names the value; any later read must agree.
  std::set<uint32_t> named;
  for (auto &instruction : train().instructions)
    for (auto &slice : instruction->operands) {
      if (slice->access == plan::Access::write)
        continue;
      bool isFirstOfBound = plan->buffers[slice->buffer]->name.find('/') == std::string::npos &&
                            named.insert(slice->buffer).second;
      if (isFirstOfBound)
        continue;
      slice->value += 100000;
      EXPECT_FALSE(passes(*plan)) << instruction->name;
      slice->value -= 100000;
    }
}

TEST_F(Mutants, AReadOfAnotherPlaceIsSeen) {
  for (auto &instruction : train().instructions)
    for (auto &slice : instruction->operands) {
      uint32_t right = slice->buffer;
      for (uint32_t wrong = 0; wrong < plan->buffers.size(); ++wrong) {
        const plan::BufferT &a = *plan->buffers[right], &b = *plan->buffers[wrong];
        bool isSamePlace = a.arena == b.arena && a.offset == b.offset;
        // Writing into free memory that nobody reads afterwards is a fault only of what is read.
        if (isSamePlace || b.bytes < slice->bytes || slice->access != plan::Access::read)
          continue;
        slice->buffer = wrong;
        EXPECT_FALSE(passes(*plan)) << instruction->name << " reads " << b.name;
      }
      slice->buffer = right;
    }
}

TEST_F(Mutants, AMissingInstructionIsSeen) {
  auto &instructions = train().instructions;
  for (size_t i = 0; i < instructions.size(); ++i) {
    // An update in place leaves the old value, which is a value too.
    bool updates = false;
    for (auto &slice : instructions[i]->operands)
      updates |= slice->access == plan::Access::read_write;
    if (updates)
      continue;
    auto removed = std::move(instructions[i]);
    instructions.erase(instructions.begin() + i);
    EXPECT_FALSE(passes(*plan)) << removed->name;
    instructions.insert(instructions.begin() + i, std::move(removed));
  }
  EXPECT_TRUE(passes(*plan));
}

TEST_F(Mutants, OverlappingBuffersAreSeen) {
  // Every buffer that the entry uses, moved onto each other one of its arena that it uses.
  std::set<uint32_t> used;
  for (auto &instruction : train().instructions)
    for (auto &slice : instruction->operands)
      used.insert(slice->buffer);
  unsigned seen = 0, moved = 0;
  for (uint32_t a : used)
    for (uint32_t b : used) {
      plan::BufferT &buffer = *plan->buffers[a];
      const plan::BufferT &other = *plan->buffers[b];
      bool isBound = buffer.name.find('/') == std::string::npos;
      if (buffer.arena != other.arena || buffer.offset == other.offset || !isBound ||
          other.offset + buffer.bytes > plan->arenas[buffer.arena]->bytes)
        continue;
      uint64_t offset = buffer.offset;
      buffer.offset = other.offset;
      ++moved;
      seen += !passes(*plan);
      buffer.offset = offset;
    }
  EXPECT_GT(moved, 0u);
  EXPECT_EQ(seen, moved);
}

TEST(CompiledPlan, IsTheSameInEveryFolder) {
  TemporaryFolder copies;
  for (const char *model : {"mlp.mlir", "gpt-2l.mlir"}) {
    std::filesystem::copy_file(kModels / model, copies.path(model));
    std::vector<uint8_t> here = compile(kModels / model, {"--tp", "4"});
    std::vector<uint8_t> there = compile(copies.path(model), {"--tp", "4"});
    EXPECT_FALSE(here.empty());
    EXPECT_TRUE(here == there) << model;
  }
}

TEST(CompiledPlan, APartOfAnotherShapeIsSeen) {
  std::vector<uint8_t> bytes =
      compile(kModels / "mlp.mlir", {"--tp", "3", "--shard", "fc1=[{}, {tp}]"});
  std::unique_ptr<plan::PlanT> plan(plan::GetPlan(bytes.data())->UnPack());
  ASSERT_TRUE(passes(*plan));
  unsigned parts = 0;
  for (auto &entry : plan->entries)
    for (auto &instruction : entry->instructions) {
      plan::CopyT *copy = instruction->body.AsCopy();
      if (!copy)
        continue;
      ++parts;
      // 128 features over 3 ranks: 43 each, the last one of the last rank is a pad.
      EXPECT_EQ(copy->source_extent, 128);
      EXPECT_EQ(copy->extent, 43);
      for (int64_t *field : {&copy->outer, &copy->source_extent, &copy->extent, &copy->inner_bytes})
        for (int64_t wrong : {*field + 1, *field - 1, -*field}) {
          std::swap(*field, wrong);
          EXPECT_FALSE(passes(*plan));
          std::swap(*field, wrong);
        }
      copy->axis = 1;
      EXPECT_FALSE(passes(*plan));
      copy->axis = 0;
    }
  EXPECT_GT(parts, 0u);
}

TEST(CompiledPlan, AnAllToAllOfAnotherShapeIsSeen) {
  // The rows of x come split, and fc1 takes columns: part c of each row goes to rank c.
  std::vector<uint8_t> bytes = compile(
      kModels / "mlp.mlir", {"--tp", "2", "--shard", "x=[{tp}, {}]", "--shard", "fc1=[{}, {tp}]"});
  std::unique_ptr<plan::PlanT> plan(plan::GetPlan(bytes.data())->UnPack());
  ASSERT_TRUE(passes(*plan));
  unsigned moves = 0;
  for (auto &entry : plan->entries)
    for (auto &instruction : entry->instructions) {
      plan::CollectiveT *collective = instruction->body.AsCollective();
      if (!collective || collective->kind != plan::CollectiveKind::all_to_all)
        continue;
      ++moves;
      EXPECT_NE(instruction->why.find("takes operand 0 split(1) on tp"), std::string::npos)
          << instruction->why;
      ASSERT_EQ(collective->tensors.size(), 1u);
      plan::CollectiveTensorT &tensor = *collective->tensors[0];
      EXPECT_EQ(tensor.outer, 1);
      EXPECT_EQ(tensor.mid, 4);
      EXPECT_EQ(tensor.inner, 128);
      EXPECT_FALSE(tensor.outward);
      // Half of 4 x 128 floats goes to the other rank.
      EXPECT_EQ(instruction->bytes, 4 * 64 * 4);
      for (int64_t *field : {&tensor.outer, &tensor.mid, &tensor.inner})
        for (int64_t wrong : {*field + 1, -*field}) {
          std::swap(*field, wrong);
          EXPECT_FALSE(passes(*plan));
          std::swap(*field, wrong);
        }
      --tensor.inner;
      EXPECT_FALSE(passes(*plan)) << "127 columns are not two equal parts";
      ++tensor.inner;
      collective->kind = plan::CollectiveKind::all_reduce;
      tensor.outward = true;
      EXPECT_FALSE(passes(*plan)) << "only an all_to_all goes outward";
      collective->kind = plan::CollectiveKind::all_to_all;
      tensor.outward = false;
    }
  EXPECT_GT(moves, 0u);
}

/// fc1 is split by rows and a state of it by columns: the state goes there and back in each step.
TEST(CompiledPlan, ASplitMovesInBothDirections) {
  std::vector<uint8_t> bytes =
      compile(kModels / "mlp.mlir",
              {"--tp", "2", "--shard", "fc1=[{tp}, {}]", "--shard", "fc1.m=[{}, {tp}]"});
  Result<PlanFile> plan = PlanFile::fromBytes(bytes);
  ASSERT_TRUE(plan.ok());
  std::vector<std::array<int64_t, 4>> moves;
  for (const plan::Instruction *instruction : *plan->findEntry("train")->instructions())
    if (const plan::Collective *collective = instruction->body_as_Collective();
        collective && collective->kind() == plan::CollectiveKind::all_to_all)
      for (const plan::CollectiveTensor *tensor : *collective->tensors())
        moves.push_back({tensor->outer(), tensor->mid(), tensor->inner(), tensor->outward()});
  EXPECT_EQ(moves, (std::vector<std::array<int64_t, 4>>{{1, 128, 64, 1}, {1, 64, 128, 0}}));
}

TEST(CompiledPlan, UpdatesParametersInPlace) {
  std::vector<uint8_t> bytes = compile(kModels / "gpt-2l.mlir", {"--tp", "2"});
  const plan::Plan *plan = plan::GetPlan(bytes.data());
  for (const plan::Entry *entry : *plan->entries())
    for (const plan::Instruction *instruction : *entry->instructions())
      EXPECT_EQ(instruction->body_type() == plan::Body::Copy, false) << instruction->name()->str();
}

TEST(CompiledPlan, AllocatesWhatItsArenasSay) {
  std::vector<uint8_t> bytes = compile(kModels / "gpt-2l.mlir", {"--tp", "2"});
  Result<PlanFile> plan = PlanFile::fromBytes(bytes);
  ASSERT_TRUE(plan.ok());
  uint64_t parameters = 0, states = 0;
  for (const plan::Parameter *parameter : *(*plan)->parameters())
    parameters += plan->buffer(parameter->buffer()).bytes();
  for (const plan::State *state : *(*plan)->states())
    states += plan->buffer(state->buffer()).bytes();
  EXPECT_EQ(states, 2 * parameters);
  for (const plan::Arena *arena : *(*plan)->arenas())
    if (arena->kind() == plan::ArenaKind::parameters) {
      EXPECT_EQ(arena->bytes(), parameters);
    }
}

} // namespace
