//===- InspectCommand.cpp - tpc inspect of a plan
//-------------------------------------------------===//

#include "runtime/cli/InspectCommand.h"

#include "runtime/cli/Arguments.h"

#include <cstdio>

using namespace tpc;

namespace {

constexpr OptionSpec kOptions[] = {
    {"--view", "summary|sharding|collectives|memory|cost|instructions", "summary", "what to show"},
    {"--format", "text|json", "text", "how to show it"},
};

constexpr struct {
  std::string_view name;
  std::string (*text)(const PlanFile &);
  void (*json)(const PlanFile &, JsonWriter &);
} kViews[] = {
    {"summary", summaryText, summaryJson},
    {"sharding", shardingText, shardingJson},
    {"collectives", collectivesText, collectivesJson},
    {"memory", memoryText, memoryJson},
    {"cost", costText, costJson},
    {"instructions", instructionsText, instructionsJson},
};

const CommandSpec &commandSpec() {
  static const CommandSpec spec{"tpc inspect OUT.plan [options]",
                                "Says what a plan holds; of a MODEL.mlir, what it compiles to.",
                                {"OUT.plan"},
                                kOptions};
  return spec;
}

} // namespace

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
  constexpr std::string_view formats[] = {"text", "json"};
  TPC_ASSIGN_OR_RETURN(std::string format, arguments.choice("--format", formats));
  std::vector<std::string_view> names;
  for (const auto &view : kViews)
    names.push_back(view.name);
  TPC_ASSIGN_OR_RETURN(std::string name, arguments.choice("--view", names));
  TPC_ASSIGN_OR_RETURN(PlanFile plan, PlanFile::open(arguments.positional(0)));
  for (const auto &view : kViews) {
    if (view.name != name)
      continue;
    std::string text;
    if (format == "json") {
      JsonWriter json;
      view.json(plan, json);
      text = json.text() + "\n";
    } else {
      text = view.text(plan);
    }
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
      return Status(Code::InvalidInput, "cannot write to standard output");
  }
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
