//===- Inspect.cpp - tpc inspect MODEL.mlir ------------------------------------------------===//
//
// What a model declares, before anything is decided. What was decided is in a plan, which the
// runtime's `tpc inspect` shows.
//
//===---------------------------------------------------------------------------------------===//

#include "compiler/driver/CommandLine.h"
#include "compiler/driver/Diagnostics.h"
#include "compiler/driver/Driver.h"
#include "compiler/driver/Model.h"
#include "compiler/driver/Pipeline.h"
#include "dialects/nn/NN.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tpc;

namespace {

/// One declared tensor or number.
struct Row {
  std::string kind, name, type;
};

struct Summary {
  std::string model;
  std::vector<std::pair<std::string, int64_t>> dims;
  std::vector<Row> rows;
  std::vector<std::string> entries;
  int64_t parameters = 0; ///< elements
};

} // namespace

static std::string typeText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

static Summary summarise(ModuleOp module, std::string name) {
  Summary summary{std::move(name), {}, {}, {}, 0};
  for (Operation &op : module.getBody()->getOperations()) {
    if (auto dim = dyn_cast<nn::DimOp>(op))
      summary.dims.emplace_back(dim.getSymName().str(), dim.getSize());
    else if (auto input = dyn_cast<nn::InputOp>(op))
      summary.rows.push_back({"input", input.getSymName().str(), typeText(input.getType())});
    else if (auto scalar = dyn_cast<nn::ScalarOp>(op))
      summary.rows.push_back({"scalar", scalar.getSymName().str(), typeText(scalar.getType())});
    else if (auto tie = dyn_cast<nn::TieOp>(op))
      summary.rows.push_back({"tie", tie.getSymName().str(), "of " + tie.getTarget().str()});
    else if (auto entry = dyn_cast<nn::EntryOp>(op))
      summary.entries.push_back(entry.getSymName().str());
    else if (auto training = dyn_cast<nn::TrainingOp>(op))
      summary.entries.push_back(training.getSymName().str() + " (trains " +
                                training.getEntry().str() + ")");
    else if (auto parameter = dyn_cast<nn::ParameterOp>(op)) {
      summary.rows.push_back(
          {"parameter", parameter.getSymName().str(), typeText(parameter.getType())});
      summary.parameters += cast<RankedTensorType>(parameter.getType()).getNumElements();
    }
  }
  return summary;
}

static void printText(const Summary &summary, bool onlyTensors) {
  size_t width = 0;
  for (const Row &row : summary.rows)
    width = std::max(width, row.name.size());
  if (!onlyTensors) {
    llvm::outs() << "model       " << summary.model << '\n';
    for (auto &[name, size] : summary.dims)
      llvm::outs() << "dim         " << name << " = " << size << '\n';
    for (const std::string &entry : summary.entries)
      llvm::outs() << "entry       " << entry << '\n';
    llvm::outs() << "parameters  " << summary.parameters << " numbers\n";
  }
  for (const Row &row : summary.rows)
    if (onlyTensors ? row.kind == "input" || row.kind == "parameter" : row.kind != "parameter")
      llvm::outs() << llvm::left_justify(row.kind, 12) << llvm::left_justify(row.name, width + 2)
                   << row.type << '\n';
}

static void printJson(const Summary &summary, bool onlyTensors) {
  llvm::json::Array rows, entries(summary.entries);
  for (const Row &row : summary.rows)
    if (!onlyTensors || row.kind == "input" || row.kind == "parameter")
      rows.push_back(
          llvm::json::Object{{"kind", row.kind}, {"name", row.name}, {"type", row.type}});
  llvm::json::Object dims;
  for (auto &[name, size] : summary.dims)
    dims[name] = size;
  llvm::outs() << llvm::json::Value(llvm::json::Object{{"model", summary.model},
                                                       {"dims", std::move(dims)},
                                                       {"entries", std::move(entries)},
                                                       {"parameters", summary.parameters},
                                                       {"declarations", std::move(rows)}})
               << '\n';
}

int tpc::inspectMain(std::span<const std::string> arguments) {
  CompileOptions options;
  std::string view = "summary", format = "text";
  CommandLine line("tpc inspect MODEL.mlir [options]", "Shows what a model declares.");
  line.addArgument("MODEL.mlir", options.model);
  line.addChoice("--view", {"summary", "sharding"}, view,
                 "sharding: the names and types that --shard can match; other views need a plan");
  line.addChoice("--format", {"text", "json"}, format, "for people or for programs");
  std::string help = line.help();
  if (Status status = line.parse(arguments); !status.ok())
    return report(status);
  if (line.wantsHelp()) {
    llvm::outs() << help;
    return 0;
  }
  MLIRContext context(MLIRContext::Threading::DISABLED);
  DiagnosticPrinter printer(&context, options.model);
  Compilation compilation(options);
  if (Status status = loadModel(options.model, context, compilation.module, compilation.modelHash);
      !status.ok())
    return report(status);
  for (const Step &step : makePipeline(options, &context))
    if (step.level == Level::Model && failed(step.run(compilation)))
      return report(Status(Code::InvalidInput, ""));
  Summary summary = summarise(*compilation.module, modelName(*compilation.module, options.model));
  if (format == "json")
    printJson(summary, view == "sharding");
  else
    printText(summary, view == "sharding");
  return 0;
}
