//===- InspectProgram.cpp - The views of what a plan does: collectives, cost, instructions ----===//

#include "runtime/cli/InspectCommand.h"
#include "runtime/cli/RunLog.h"
#include "runtime/cli/Utilisation.h"

#include <algorithm>
#include <array>
#include <map>

using namespace tpc;

namespace {

constexpr Table::Align kRight = Table::Align::Right;

const std::string &axisName(const PlanFile &plan, const plan::Collective &collective) {
  return plan.mesh().axes[collective.axis()].name;
}

/// "f32 x 768, f32 x 1": what one rank puts in.
std::string tensorsText(const plan::Collective &collective) {
  std::string text;
  for (const plan::CollectiveTensor *tensor : *collective.tensors())
    text += (text.empty() ? "" : ", ") + std::string(plan::EnumNameDType(tensor->dtype())) + " x " +
            std::to_string(tensor->outer() * tensor->mid() * tensor->inner());
  return text;
}

struct Sums {
  int64_t instructions = 0, flops = 0, bytes = 0, picoseconds = 0;

  void add(const plan::Instruction &instruction) {
    ++instructions;
    flops += instruction.flops();
    bytes += instruction.bytes();
    picoseconds += instruction.picoseconds();
  }
};

/// "h.*.attn" of "h.3.attn": equal layers count together.
std::string layerClass(const std::string &scope) {
  std::string result;
  for (size_t begin = 0; begin < scope.size();) {
    size_t end = std::min(scope.find('.', begin), scope.size());
    std::string part = scope.substr(begin, end - begin);
    bool isNumber = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    result += (result.empty() ? "" : ".") + (isNumber ? "*" : part);
    begin = end + 1;
  }
  return result.empty() ? "-" : result;
}

/// Collectives of equal layers, counted.
Table collectivesByLayer(const PlanFile &plan, const plan::Entry &entry) {
  std::map<std::array<std::string, 4>, Sums> sums;
  for (const plan::Instruction *instruction : *entry.instructions())
    if (const plan::Collective *collective = instruction->body_as_Collective())
      sums[{layerClass(textOf(instruction->scope())), plan::EnumNamePhase(instruction->phase()),
            kindOf(*instruction), axisName(plan, *collective)}]
          .add(*instruction);
  Table table({{"layer"},
               {"phase"},
               {"kind"},
               {"axis"},
               {"count", kRight},
               {"wire bytes", kRight},
               {"predicted", kRight}});
  for (const auto &[key, sum] : sums)
    table.row({key[0], key[1], key[2], key[3], std::to_string(sum.instructions),
               std::to_string(sum.bytes), timeText(sum.picoseconds)});
  return table;
}

/// By phase, then by kind of instruction.
std::map<plan::Phase, std::map<std::string, Sums>> sumsOf(const plan::Entry &entry) {
  std::map<plan::Phase, std::map<std::string, Sums>> sums;
  for (const plan::Instruction *instruction : *entry.instructions())
    sums[instruction->phase()][kindOf(*instruction)].add(*instruction);
  return sums;
}

std::map<std::string, Sums> sumsByScope(const plan::Entry &entry) {
  std::map<std::string, Sums> sums;
  for (const plan::Instruction *instruction : *entry.instructions())
    sums[textOf(instruction->scope())].add(*instruction);
  return sums;
}

void writeSums(const Sums &sums, JsonWriter &json) {
  json.member("instructions", sums.instructions)
      .member("flops", sums.flops)
      .member("bytes", sums.bytes)
      .member("picoseconds", sums.picoseconds);
}

std::vector<std::string> cells(std::vector<std::string> front, const Sums &sums) {
  for (int64_t number : {sums.instructions, sums.flops, sums.bytes})
    front.push_back(std::to_string(number));
  front.push_back(timeText(sums.picoseconds));
  return front;
}

double predictedSeconds(const plan::Entry &entry) {
  return static_cast<double>(entry.picoseconds()) * 1e-12;
}

/// What the model needs of a step, and which part of the machine that is in the predicted time.
std::vector<std::pair<std::string, std::string>> modelFacts(const PlanFile &plan,
                                                            const plan::Entry &entry) {
  if (entry.model_flops() == 0)
    return {};
  char flops[32];
  std::snprintf(flops, sizeof(flops), "%.4g", static_cast<double>(entry.model_flops()));
  std::vector<std::pair<std::string, std::string>> facts = {
      {"model flops", std::string(flops) + " on all ranks (linear, matmul and attention; a "
                                           "training's are 6 N + 6 L h T a token)"}};
  std::string used =
      utilisationText(plan, entry, predictedSeconds(entry), double(plan.mesh().numRanks()));
  if (!used.empty())
    facts.emplace_back("predicted", used + " a rank");
  return facts;
}

std::string operandsText(const PlanFile &plan, const plan::Instruction &instruction) {
  std::string text;
  for (const plan::Slice *slice : *instruction.operands()) {
    const plan::Buffer &buffer = plan.buffer(slice->buffer());
    const char *arrow = slice->access() == plan::Access::read    ? ""
                        : slice->access() == plan::Access::write ? ">"
                                                                 : "<>";
    text += (text.empty() ? "" : " ") + std::string(arrow) + buffer.name()->str();
    if (slice->bytes() != buffer.bytes())
      text += "[" + std::to_string(slice->offset()) + ":" +
              std::to_string(slice->offset() + slice->bytes()) + "]";
  }
  return text;
}

std::string waitsText(const plan::Instruction &instruction) {
  std::string text;
  if (instruction.waits())
    for (uint32_t wait : *instruction.waits())
      text += (text.empty() ? "" : ",") + std::to_string(wait);
  return text;
}

} // namespace

Document tpc::collectivesView(const PlanFile &plan) {
  Document document;
  for (const plan::Entry *entry : *plan->entries()) {
    Table table({{"#", kRight},
                 {"kind"},
                 {"axis"},
                 {"phase"},
                 {"tensors"},
                 {"wire bytes", kRight},
                 {"predicted", kRight},
                 {"name"},
                 {"location"},
                 {"why"}});
    Sums all;
    for (const plan::Instruction *instruction : *entry->instructions()) {
      const plan::Collective *collective = instruction->body_as_Collective();
      if (!collective)
        continue;
      all.add(*instruction);
      table.row({std::to_string(collective->sequence()), kindOf(*instruction),
                 axisName(plan, *collective), plan::EnumNamePhase(instruction->phase()),
                 tensorsText(*collective), std::to_string(instruction->bytes()),
                 timeText(instruction->picoseconds()), instruction->name()->str(),
                 textOf(instruction->location()), textOf(instruction->why())});
    }
    document.push_back({"entry " + entry->name()->str() + ": " + std::to_string(all.instructions) +
                            " collectives, " + humanBytes(all.bytes) + " sent by each rank, " +
                            timeText(all.picoseconds),
                        {}});
    if (!all.instructions)
      continue;
    document.back().table = collectivesByLayer(plan, *entry);
    document.push_back({"", {}, std::move(table)});
  }
  return document;
}

void tpc::collectivesJson(const PlanFile &plan, JsonWriter &json) {
  json.beginObject();
  for (const plan::Entry *entry : *plan->entries()) {
    json.key(entry->name()->string_view()).beginArray();
    for (const plan::Instruction *instruction : *entry->instructions())
      if (const plan::Collective *collective = instruction->body_as_Collective())
        json.beginObject()
            .member("sequence", collective->sequence())
            .member("kind", kindOf(*instruction))
            .member("reduce", plan::EnumNameReduceKind(collective->reduce()))
            .member("axis", axisName(plan, *collective))
            .member("phase", plan::EnumNamePhase(instruction->phase()))
            .member("tensors", tensorsText(*collective))
            .member("wire_bytes", instruction->bytes())
            .member("picoseconds", instruction->picoseconds())
            .member("name", instruction->name()->str())
            .member("scope", textOf(instruction->scope()))
            .member("location", textOf(instruction->location()))
            .member("why", textOf(instruction->why()))
            .endObject();
    json.endArray();
  }
  json.endObject();
}

Document tpc::costView(const PlanFile &plan) {
  Document document;
  for (const plan::Entry *entry : *plan->entries()) {
    Table table({{"phase"},
                 {"kind"},
                 {"instructions", kRight},
                 {"flops", kRight},
                 {"bytes", kRight},
                 {"predicted", kRight}});
    Sums all;
    for (const auto &[phase, kinds] : sumsOf(*entry))
      for (const auto &[kind, sums] : kinds)
        table.row(cells({plan::EnumNamePhase(phase), kind}, sums));
    for (const plan::Instruction *instruction : *entry->instructions())
      all.add(*instruction);
    table.row(cells({"all", ""}, all));
    Table scopes({{"scope"},
                  {"instructions", kRight},
                  {"flops", kRight},
                  {"bytes", kRight},
                  {"predicted", kRight}});
    for (const auto &[scope, sums] : sumsByScope(*entry))
      scopes.row(cells({scope.empty() ? "-" : scope}, sums));
    document.push_back({"entry " + entry->name()->str() +
                            ", one rank, one step: " + timeText(entry->picoseconds()),
                        modelFacts(plan, *entry), std::move(table)});
    document.push_back({"", {}, std::move(scopes)});
  }
  return document;
}

void tpc::costJson(const PlanFile &plan, JsonWriter &json) {
  json.beginObject();
  for (const plan::Entry *entry : *plan->entries()) {
    json.key(entry->name()->string_view()).beginObject();
    json.member("flops", entry->flops()).member("picoseconds", entry->picoseconds());
    if (entry->model_flops())
      json.member("model_flops", entry->model_flops());
    if (std::optional<double> used =
            utilisationOf(plan, *entry, predictedSeconds(*entry), double(plan.mesh().numRanks())))
      json.member("utilisation", *used)
          .member("hardware", plan->hardware()->name()->str())
          .member("gemm_flops_per_second", plan->hardware()->gemm_flops_per_second());
    json.key("phases").beginArray();
    for (const auto &[phase, kinds] : sumsOf(*entry))
      for (const auto &[kind, sums] : kinds) {
        json.beginObject().member("phase", plan::EnumNamePhase(phase)).member("kind", kind);
        writeSums(sums, json);
        json.endObject();
      }
    json.endArray().key("scopes").beginArray();
    for (const auto &[scope, sums] : sumsByScope(*entry)) {
      json.beginObject().member("scope", scope);
      writeSums(sums, json);
      json.endObject();
    }
    json.endArray().endObject();
  }
  json.endObject();
}

Document tpc::instructionsView(const PlanFile &plan) {
  Document document;
  for (const plan::Entry *entry : *plan->entries()) {
    Table table({{"#", kRight},
                 {"stream", kRight},
                 {"waits"},
                 {"kind"},
                 {"name"},
                 {"operands (> written, <> updated)"},
                 {"location"}});
    for (uint32_t i = 0; i < entry->instructions()->size(); ++i) {
      const plan::Instruction &instruction = *entry->instructions()->Get(i);
      table.row({std::to_string(i), std::to_string(instruction.stream()), waitsText(instruction),
                 kindOf(instruction), instruction.name()->str(), operandsText(plan, instruction),
                 textOf(instruction.location())});
    }
    document.push_back({"entry " + entry->name()->str(), {}, std::move(table)});
  }
  return document;
}

void tpc::instructionsJson(const PlanFile &plan, JsonWriter &json) {
  json.beginObject();
  for (const plan::Entry *entry : *plan->entries()) {
    json.key(entry->name()->string_view()).beginArray();
    for (const plan::Instruction *instruction : *entry->instructions()) {
      json.beginObject()
          .member("name", instruction->name()->str())
          .member("kind", kindOf(*instruction))
          .member("phase", plan::EnumNamePhase(instruction->phase()))
          .member("stream", int(instruction->stream()));
      json.key("waits").beginArray();
      if (instruction->waits())
        for (uint32_t wait : *instruction->waits())
          json.value(wait);
      json.endArray()
          .member("operands", operandsText(plan, *instruction))
          .member("flops", instruction->flops())
          .member("bytes", instruction->bytes())
          .member("picoseconds", instruction->picoseconds())
          .member("scope", textOf(instruction->scope()))
          .member("location", textOf(instruction->location()))
          .endObject();
    }
    json.endArray();
  }
  json.endObject();
}
