//===- TestModule.cpp - Small modules from text --------------------------------------------===//
//
// Types are found in the line's own text, so that a test says them once.
//
//===---------------------------------------------------------------------------------------===//
#include "TestModule.h"

#include "dialects/tp/TP.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <cmath>

namespace tpc::interpreter::test {

mlir::MLIRContext &context() {
  static mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<nn::NNDialect, tp::TPDialect>();
  return context;
}

mlir::OwningOpRef<mlir::ModuleOp> parseModule(const std::string &text) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context());
  if (!module)
    llvm::report_fatal_error(llvm::Twine("the test's module is not valid:\n") + text);
  return module;
}

std::string tensorText(const Shape &shape, const char *element) {
  std::string text = "tensor<";
  for (int64_t extent : shape)
    text += std::to_string(extent) + "x";
  return text + element + ">";
}

std::string substitute(std::string text, const std::map<std::string, std::string> &names) {
  for (auto it = names.rbegin(); it != names.rend(); ++it) // longer names sort later
    for (size_t at = 0; (at = text.find("$" + it->first, at)) != std::string::npos;)
      text.replace(at, it->first.size() + 1, it->second);
  return text;
}

namespace {

/// "tensor<2x3xf64>", ... of a comma-separated list of tensor types.
std::vector<std::string> typesIn(llvm::StringRef list) {
  std::vector<std::string> types;
  while (true) {
    size_t begin = list.find("tensor<");
    if (begin == llvm::StringRef::npos)
      return types;
    list = list.drop_front(begin);
    size_t end = list.find('>') + 1;
    types.push_back(list.take_front(end).str());
    list = list.drop_front(end);
  }
}

std::string joined(const std::vector<std::string> &parts) {
  std::string text;
  for (const std::string &part : parts)
    text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string moduleText(llvm::StringRef line) {
  llvm::StringRef types = line.substr(line.rfind(" : "));
  bool hasOperands = types.contains("->");
  std::vector<std::string> operands = typesIn(hasOperands ? types.split("->").first : "");
  std::vector<std::string> results = typesIn(hasOperands ? types.split("->").second : types);
  std::string text = "module {\n", body, names, returned, outputs;
  for (size_t i = 0; i < operands.size(); ++i) {
    auto type = mlir::cast<mlir::RankedTensorType>(mlir::parseType(operands[i], &context()));
    std::vector<std::string> dims(type.getRank(), "\"\"");
    std::string number = std::to_string(i);
    text += "nn.input @x" + number + " : " + operands[i] + " dims [" + joined(dims) + "]\n";
    body += "%" + number + " = nn.read @x" + number + " : " + operands[i] + "\n";
  }
  std::vector<std::string> values, names_;
  for (size_t i = 0; i < results.size(); ++i) {
    values.push_back("%r#" + std::to_string(i));
    names_.push_back("\"y" + std::to_string(i) + "\"");
  }
  text += "nn.entry @f outputs [" + joined(names_) + "] {\n" + body;
  text += "%r:" + std::to_string(results.size()) + " = " + line.str() + "\n";
  text += "nn.return " + joined(values) + " : " + joined(results) + "\n}\n}\n";
  return text;
}

} // namespace

TestOp::TestOp(const std::string &line) : module_(parseModule(moduleText(line))) {
  op_ = entry().getBody().front().getTerminator()->getPrevNode();
}

std::vector<mlir::RankedTensorType> TestOp::operandTypes() const {
  std::vector<mlir::RankedTensorType> types;
  for (mlir::Type type : op_->getOperandTypes())
    types.push_back(mlir::cast<mlir::RankedTensorType>(type));
  return types;
}

std::vector<Tensor> TestOp::run(const std::vector<Tensor> &operands) {
  auto outcome = Interpreter::run(entry(), bindingsOf(operands));
  if (failed(outcome))
    llvm::report_fatal_error("the interpreter refuses the test's module");
  return outcome->outputs;
}

std::vector<Tensor> runLine(const std::string &line, const std::vector<Tensor> &operands) {
  return TestOp(line).run(operands);
}

Bindings bindingsOf(const std::vector<Tensor> &operands) {
  Bindings bindings;
  for (size_t i = 0; i < operands.size(); ++i)
    bindings["x" + std::to_string(i)] = operands[i];
  return bindings;
}

Tensor draw(mlir::RankedTensorType type, Draw range, std::mt19937 &engine) {
  Tensor tensor{Shape(type.getShape())};
  for (double &value : tensor.data) {
    // The engine's own 32 bits: distributions differ between standard libraries.
    value = range.low + (range.high - range.low) * (engine() / 4294967296.0);
    if (type.getElementType().isInteger())
      value = std::floor(value);
  }
  return tensor;
}

void expectNear(const Tensor &actual, const Tensor &expected, double tolerance) {
  ASSERT_EQ(actual.shape, expected.shape);
  for (int64_t i = 0; i < actual.size(); ++i) {
    if (actual[i] == expected[i])
      continue;
    // Written so that NaN fails.
    if (!(std::abs(actual[i] - expected[i]) <= tolerance * (1 + std::abs(expected[i])))) {
      ADD_FAILURE() << "element " << i << " is " << actual[i] << ", not " << expected[i];
      return;
    }
  }
}

} // namespace tpc::interpreter::test
