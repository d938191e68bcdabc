//===- WholeProgramTest.cpp - One device against virtual ranks -----------------------------===//

#include "RowSplit.h"

#include "compiler/verify/WholeProgram.h"
#include "dialects/tp/TP.h"

#include "mlir/Parser/Parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace tpc;
using namespace tpc::verify;
using interpreter::Tensor;

namespace {

class WholeProgramTest : public testing::Test {
protected:
  WholeProgramTest() {
    context.loadDialect<nn::NNDialect, tp::TPDialect>();
    global = mlir::parseSourceString<mlir::ModuleOp>(kGlobalRowSplit, &context);
    local = mlir::parseSourceString<mlir::ModuleOp>(kScheduledRowSplit, &context);
    Tensor x({4, 8}), w({6, 8});
    for (int64_t i = 0; i < x.size(); ++i)
      x[i] = std::sin(1.0 + static_cast<double>(i));
    for (int64_t i = 0; i < w.size(); ++i)
      w[i] = std::cos(2.0 * static_cast<double>(i));
    bindings["x"] = std::move(x);
    bindings["w"] = std::move(w);
    bindings["lr"] = Tensor::scalar(0.125);
    bindings["step"] = Tensor::scalar(1);
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> global, local;
  interpreter::Bindings bindings;
};

TEST_F(WholeProgramTest, TheSameProgramAgrees) {
  ASSERT_TRUE(global && local);
  auto result = compareWholeProgram(*global, *local, "train", bindings);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_LT(result->difference, 1e-14);
}

TEST_F(WholeProgramTest, AMissingCollectiveIsFound) {
  ASSERT_TRUE(global && local);
  local->walk([](tp::AllReduceOp op) {
    op->replaceAllUsesWith(op->getOperands());
    op->erase();
  });
  auto result = compareWholeProgram(*global, *local, "train", bindings);
  ASSERT_FALSE(result.ok());
}

TEST_F(WholeProgramTest, AWrongFactorIsFound) {
  ASSERT_TRUE(global && local);
  local->walk([](nn::SgdOp op) { op.setWeightDecay(llvm::APFloat(0.1000001)); });
  auto result = compareWholeProgram(*global, *local, "train", bindings);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), Code::Difference);
  EXPECT_THAT(result.status().message(), testing::HasSubstr("@w"));
}

} // namespace
