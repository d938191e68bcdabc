//===- OpCoverage.cpp - No op and no attribute is without a model --------------------------===//
//
// What ODS knows is compared with what the models hold, as they are written and with their
// gradients. An op that nobody gave a model, or an attribute that has one value in all of them,
// fails here.
//
//===---------------------------------------------------------------------------------------===//
#include "OpModels.h"

#include "tests/unit/interpreter/TestModels.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <map>
#include <set>

namespace tpc::conformance {

namespace {

/// Ops that compute nothing: they declare, hold or name.
const std::set<std::string> kComputeNothing = {
    "nn.apply",  "nn.block",  "nn.constraint", "nn.dim",      "nn.entry",  "nn.input",
    "nn.kernel", "nn.layers", "nn.parameter",  "nn.read",     "nn.return", "nn.scalar",
    "nn.scope",  "nn.state",  "nn.tie",        "nn.training", "nn.write",  "nn.yield"};

/// Attributes of one value, and why.
const std::map<std::string, const char *> kOfOneValue = {
    {"nn.count_labels.wide", "set in models of float64, which are compiled, too"}};

/// Of each op, the values of each of its attributes; an attribute that is absent has one, too.
using Seen = std::map<std::string, std::map<std::string, std::set<std::string>>>;

void collect(mlir::ModuleOp module, Seen &seen) {
  module.walk([&](mlir::Operation *op) {
    auto &ofOp = seen[op->getName().getStringRef().str()];
    for (mlir::StringAttr name : op->getName().getAttributeNames()) {
      std::string text;
      llvm::raw_string_ostream stream(text);
      if (mlir::Attribute value = op->getAttr(name))
        value.print(stream);
      ofOp[name.str()].insert(text);
    }
  });
}

TEST(OpCoverage, EveryOpAndAttributeIsInAModel) {
  Seen seen;
  for (const OpModel &model : opModels())
    for (const OpSizes &sizes : {evenSizes(), oddSizes()}) {
      std::string text = model.str(sizes);
      collect(*interpreter::test::parseModule(text), seen);
      collect(*interpreter::test::gradModule(text), seen);
    }
  for (mlir::RegisteredOperationName op :
       interpreter::test::context().getRegisteredOperationsByDialect("nn")) {
    std::string name = op.getStringRef().str();
    if (kComputeNothing.count(name)) {
      EXPECT_FALSE(op.hasInterface<nn::ShardingRuleOp>()) << name << " computes something";
      continue;
    }
    auto ofOp = seen.find(name);
    if (ofOp == seen.end()) {
      ADD_FAILURE() << name << " is in no model: add one to the file of its family in "
                    << "tests/conformance/ops";
      continue;
    }
    for (const auto &[attribute, values] : ofOp->second) {
      bool excused = kOfOneValue.count(name + "." + attribute);
      EXPECT_NE(values.size() > 1, excused)
          << name << " has " << values.size() << " value(s) of '" << attribute
          << "', the first of which is '" << *values.begin()
          << "': add a model with another one to tests/conformance/ops";
    }
  }
}

} // namespace

} // namespace tpc::conformance
