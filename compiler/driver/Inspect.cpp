//===- Inspect.cpp - tpc inspect MODEL.mlir ------------------------------------------------===//
//
// What a model declares, before anything is decided. What was decided is in a plan, which the
// runtime's `tpc inspect` shows.
//
//===---------------------------------------------------------------------------------------===//

#include "compiler/driver/Diagnostics.h"
#include "compiler/driver/Driver.h"
#include "compiler/driver/Model.h"
#include "compiler/driver/Pipeline.h"
#include "dialects/nn/NN.h"
#include "runtime/cli/Arguments.h"
#include "runtime/cli/Document.h"

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

static bool isTensor(const Row &row) { return row.kind == "input" || row.kind == "parameter"; }

static Passage declarations(const Summary &summary, llvm::function_ref<bool(const Row &)> isShown) {
  Table table({{"kind"}, {"name"}, {"type"}});
  for (const Row &row : summary.rows)
    if (isShown(row))
      table.row({row.kind, row.name, row.type});
  return {"", {}, std::move(table)};
}

static Document summaryView(const Summary &summary) {
  Passage facts;
  facts.facts.emplace_back("model", summary.model);
  for (auto &[name, size] : summary.dims)
    facts.facts.emplace_back("dim", name + " = " + std::to_string(size));
  for (const std::string &entry : summary.entries)
    facts.facts.emplace_back("entry", entry);
  facts.facts.emplace_back("parameters", std::to_string(summary.parameters) + " numbers");
  return {facts, declarations(summary, [](const Row &row) { return row.kind != "parameter"; })};
}

static Document shardingView(const Summary &summary) { return {declarations(summary, isTensor)}; }

static void printJson(const Summary &summary, bool onlyTensors) {
  llvm::json::Array rows, entries(summary.entries);
  for (const Row &row : summary.rows)
    if (!onlyTensors || isTensor(row))
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

static constexpr OptionSpec kOptions[] = {
    {"--view", "summary|sharding", "summary",
     "sharding: the names and types that --shard can match; other views need a plan"},
    {"--format", "text|json|html", "text", "html: both views, as one page"},
};

static Status inspect(std::span<const std::string> words) {
  const CommandSpec spec{
      "tpc inspect MODEL.mlir [options]", "Shows what a model declares.", {"MODEL.mlir"}, kOptions};
  TPC_ASSIGN_OR_RETURN(Arguments arguments, Arguments::parse(spec, words));
  if (arguments.helpWanted()) {
    llvm::outs() << helpText(spec);
    return Status();
  }
  TPC_ASSIGN_OR_RETURN(std::string view, arguments.choice("--view"));
  TPC_ASSIGN_OR_RETURN(std::string format, arguments.choice("--format"));
  if (format == "html" && arguments.has("--view"))
    return Status(Code::Usage, "--view has no effect with --format html",
                  "leave it out: the page has all views");
  CompileOptions options;
  options.model = arguments.positional(0);
  MLIRContext context(MLIRContext::Threading::DISABLED);
  DiagnosticPrinter printer(&context, options.model);
  Compilation compilation(options);
  TPC_RETURN_IF_ERROR(loadModel(options.model, context, compilation.module, compilation.modelHash));
  for (const Step &step : makePipeline(options, &context))
    if (step.level == Level::Model && failed(step.run(compilation)))
      return Status(Code::InvalidInput, "");
  Summary summary = summarise(*compilation.module, modelName(*compilation.module, options.model));
  if (format == "json")
    printJson(summary, view == "sharding");
  else if (format == "html")
    llvm::outs() << htmlPage(
        summary.model, {{"summary", summaryView(summary)}, {"sharding", shardingView(summary)}});
  else
    llvm::outs() << plainText(view == "sharding" ? shardingView(summary) : summaryView(summary));
  return Status();
}

int tpc::inspectMain(std::span<const std::string> arguments) { return report(inspect(arguments)); }
