//===- InspectCommand.cpp - tpc inspect of a plan ---------------------------------------------===//

#include "runtime/cli/InspectCommand.h"

#include "runtime/cli/Arguments.h"
#include "runtime/cli/StandardOutput.h"

#include <cstdio>

using namespace tpc;

namespace {

constexpr OptionSpec kOptions[] = {
    {"--view", "summary|sharding|collectives|memory|cost|instructions", "summary",
     "what to show; a model has a summary and shardings"},
    {"--format", "text|json|html", "text",
     "how to show it; html: all views, as one page with pictures"},
};

constexpr struct {
  std::string_view name;
  Document (*document)(const PlanFile &);
  void (*json)(const PlanFile &, JsonWriter &);
} kViews[] = {
    {"summary", summaryView, summaryJson},
    {"sharding", shardingView, shardingJson},
    {"collectives", collectivesView, collectivesJson},
    {"memory", memoryView, memoryJson},
    {"cost", costView, costJson},
    {"instructions", instructionsView, instructionsJson},
};

const CommandSpec &commandSpec() {
  static const CommandSpec spec{"tpc inspect OUT.plan [options]",
                                "Says what a plan holds, or what a MODEL.mlir declares.",
                                {"OUT.plan"},
                                kOptions};
  return spec;
}

std::string viewOf(const PlanFile &plan, const std::string &name, bool asJson) {
  for (const auto &view : kViews) {
    if (view.name != name)
      continue;
    if (!asJson)
      return plainText(view.document(plan));
    JsonWriter json;
    view.json(plan, json);
    return json.text() + "\n";
  }
  return "";
}

} // namespace

std::string tpc::inspectPage(const PlanFile &plan) {
  std::vector<Section> sections;
  for (const auto &view : kViews) {
    Section section{std::string(view.name), view.document(plan)};
    for (const plan::Entry *entry : *plan->entries())
      if (view.name == "memory")
        section.markup += memoryPicture(plan, *entry);
      else if (view.name == "cost")
        section.markup += costPicture(*entry);
    section.folded = view.name == "instructions";
    sections.push_back(std::move(section));
  }
  return htmlPage(plan->model_name()->str() + " on " + plan.mesh().str(), sections);
}

bool tpc::inspectsModel(std::span<const std::string> words) {
  for (const std::string &word : words)
    if (!word.starts_with("--") && word.ends_with(".mlir"))
      return true;
  return false;
}

Status tpc::inspectCommand(std::span<const std::string> words) {
  TPC_ASSIGN_OR_RETURN(Arguments arguments, Arguments::parse(commandSpec(), words));
  if (arguments.helpWanted()) {
    std::fputs(helpText(commandSpec()).c_str(), stdout);
    return Status();
  }
  TPC_ASSIGN_OR_RETURN(std::string format, arguments.choice("--format"));
  TPC_ASSIGN_OR_RETURN(std::string name, arguments.choice("--view"));
  if (format == "html" && arguments.has("--view"))
    return Status(Code::Usage, "--view has no effect with --format html",
                  "leave it out: the page has all views");
  TPC_ASSIGN_OR_RETURN(PlanFile plan, PlanFile::open(arguments.positional(0)));
  std::string text = format == "html" ? inspectPage(plan) : viewOf(plan, name, format == "json");
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
    return standardOutputError();
  return Status();
}

std::string tpc::shapeText(const flatbuffers::Vector<int64_t> &shape, plan::DType dtype) {
  std::string text;
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + plan::EnumNameDType(dtype);
}

std::string tpc::timeText(int64_t picoseconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f us", picoseconds * 1e-6);
  return text;
}

std::string tpc::textOf(const flatbuffers::String *text) { return text ? text->str() : ""; }

std::string tpc::kindOf(const plan::Instruction &instruction) {
  switch (instruction.body_type()) {
  case plan::Body::Gemm:
    return "gemm";
  case plan::Body::Attention:
    return instruction.body_as_Attention()->backward() ? "attention_backward" : "attention";
  case plan::Body::KernelLaunch:
    return "kernel";
  case plan::Body::Collective:
    return plan::EnumNameCollectiveKind(instruction.body_as_Collective()->kind());
  case plan::Body::Copy:
    return "copy";
  case plan::Body::Fill:
    return "fill";
  case plan::Body::NONE:
    break;
  }
  return "none";
}
