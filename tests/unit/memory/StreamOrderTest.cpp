//===- StreamOrderTest.cpp - Memory of programs on two streams -------------------------------===//
//
// A place is used anew only where both uses are ordered already: a program that could save memory
// by a further wait must not.
//
//===---------------------------------------------------------------------------------------===//

#include "compiler/memory/StreamOrder.h"
#include "compiler/driver/Registration.h"
#include "compiler/memory/MemoryPlan.h"
#include "dialects/tp/TP.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <regex>

using namespace mlir;
using namespace tpc;

namespace {

/// `first` runs beside the reductions; `second` could take its place, were they on one stream.
const char *const kProgram = R"(
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<64xf32> dims [""]
  nn.entry @loss outputs ["y"] {
    %x = nn.read @x : tensor<64xf32>
    %first = nn.kernel "first" (%p = %x : tensor<64xf32>) -> (tensor<64xf32>) {
      %r = nn.exp %p : (tensor<64xf32>) -> tensor<64xf32>
      nn.yield %r : tensor<64xf32>
    }
    %g = tp.reduce_scatter %first dim 0 on "tp" why "test" {tp.stream = 1 : i64} : (tensor<64xf32>) -> tensor<32xf32>
    %second = nn.kernel "second" (%p = %x : tensor<64xf32>) -> (tensor<64xf32>) {
      %r = nn.neg %p : (tensor<64xf32>) -> tensor<64xf32>
      nn.yield %r : tensor<64xf32>
    }
    %h = tp.reduce_scatter %second dim 0 on "tp" why "test" {tp.stream = 1 : i64} : (tensor<64xf32>) -> tensor<32xf32>
    %u = nn.kernel "user" (%p = %g : tensor<32xf32>) -> (tensor<32xf32>) {
      %r = nn.exp %p : (tensor<32xf32>) -> tensor<32xf32>
      nn.yield %r : tensor<32xf32>
    }
    %y = nn.kernel "last" (%p = %u : tensor<32xf32>, %q = %h : tensor<32xf32>) -> (tensor<32xf32>) {
      %r = nn.add %p, %q : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
      nn.yield %r : tensor<32xf32>
    }
    nn.return %y : tensor<32xf32>
  }
)";

class Streams : public testing::Test {
protected:
  Streams() {
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  void parse(const std::string &text) {
    module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module);
    entry = *module->getOps<nn::EntryOp>().begin();
  }

  Operation *kernel(StringRef name) {
    for (auto op : entry.getBody().getOps<nn::KernelOp>())
      if (op.getName() == name)
        return op;
    return nullptr;
  }
  Operation *collective(unsigned number) {
    for (Operation &op : entry.getBody().front())
      if (tp::isCollective(&op) && number-- == 0)
        return &op;
    return nullptr;
  }

  static bool overlap(const PlannedBuffer &a, const PlannedBuffer &b) {
    return a.arena == b.arena && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
  }
  bool overlap(Operation *a, Operation *b) {
    MemoryPlan plan = MemoryPlan::make(*module, Mesh{{{"tp", 2}}}, [](Operation *) { return 0; });
    return overlap(plan.buffers()[plan.bufferOf(a->getResult(0))],
                   plan.buffers()[plan.bufferOf(b->getResult(0))]);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  nn::EntryOp entry;
};

TEST_F(Streams, InputsOfCollectivesLiveUntilTheWait) {
  parse(kProgram);
  EXPECT_FALSE(overlap(kernel("first"), kernel("second")));
  parse(std::regex_replace(kProgram, std::regex(R"( \{tp.stream = 1 : i64\})"), ""));
  EXPECT_TRUE(overlap(kernel("first"), kernel("second")));
}

TEST_F(Streams, PositionsOfBeginAndEnd) {
  parse(kProgram);
  StreamOrder order(entry);
  Operation *first = kernel("first"), *second = kernel("second");
  // The first one waits for its input alone, the second one comes behind it, too.
  EXPECT_EQ(order.begin(collective(0)), order.position(first) + 1);
  EXPECT_EQ(order.begin(collective(1)), order.position(second) + 1);
  EXPECT_EQ(order.end(collective(0)), order.position(kernel("user")));
  EXPECT_EQ(order.end(collective(1)), order.position(kernel("last")));
  // On the stream that computes, position is time.
  EXPECT_EQ(order.begin(second), order.position(second));
  EXPECT_EQ(order.end(second), order.position(second));
}

TEST_F(Streams, ScratchIsOneBuffer) {
  parse(kProgram);
  MemoryPlan plan = MemoryPlan::make(*module, Mesh{{{"tp", 2}}}, [&](Operation *op) {
    return op == kernel("first") ? 100 : op == kernel("last") ? 300 : 0;
  });
  auto first = plan.workspaceOf(kernel("first")), last = plan.workspaceOf(kernel("last"));
  ASSERT_TRUE(first && last);
  EXPECT_FALSE(plan.workspaceOf(kernel("second")));
  EXPECT_EQ(first->buffer, last->buffer);
  EXPECT_EQ(first->bytes, 128u);
  EXPECT_EQ(plan.buffers()[last->buffer].bytes, 320u);
  EXPECT_EQ(plan.arenas()[size_t(plan::ArenaKind::workspace)], 320u);
}

} // namespace
