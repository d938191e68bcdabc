//===- InspectSummary.cpp - The views of what a plan is: summary, sharding --------------------===//

#include "runtime/cli/InspectCommand.h"
#include "runtime/cli/RunLog.h"
#include "runtime/plan/Convert.h"

#include <map>

using namespace tpc;

namespace {

struct EntryTotals {
  std::map<std::string, int64_t> kinds; ///< instructions of each kind
  int64_t collectives = 0, wireBytes = 0;
};

EntryTotals totalsOf(const plan::Entry &entry) {
  EntryTotals totals;
  for (const plan::Instruction *instruction : *entry.instructions()) {
    ++totals.kinds[kindOf(*instruction)];
    if (instruction->body_type() != plan::Body::Collective)
      continue;
    ++totals.collectives;
    totals.wireBytes += instruction->bytes();
  }
  return totals;
}

int64_t parameterElements(const PlanFile &plan) {
  int64_t total = 0;
  if (plan->parameters())
    for (const plan::Parameter *parameter : *plan->parameters()) {
      int64_t elements = 1;
      for (int64_t size : *plan.buffer(parameter->buffer()).global_shape())
        elements *= size;
      total += elements;
    }
  return total;
}

std::string hex(uint64_t number) {
  char text[20];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(number));
  return text;
}

/// What a run binds, with its role.
struct Bound {
  std::string role, name;
  uint32_t buffer;
};

std::vector<Bound> boundBuffers(const PlanFile &plan) {
  std::vector<Bound> result;
  auto add = [&](const std::string &role, const auto *vector) {
    if (vector)
      for (const auto *element : *vector)
        result.push_back({role, element->name()->str(), element->buffer()});
  };
  add("parameter", plan->parameters());
  add("state", plan->states());
  for (const plan::Entry *entry : *plan->entries()) {
    add(entry->name()->str() + " input", entry->inputs());
    add(entry->name()->str() + " output", entry->outputs());
  }
  return result;
}

/// "wte.weight dim 0: 50257 stored as 50264", for every padded factor of what a run binds.
std::vector<std::string> paddings(const PlanFile &plan) {
  std::vector<std::string> result;
  for (const Bound &bound : boundBuffers(plan)) {
    Sharding sharding = fromPlan(*plan.buffer(bound.buffer).sharding());
    for (size_t dim = 0; dim < sharding.dims.size(); ++dim)
      for (const Factor &factor : sharding.dims[dim])
        if (factor.isPadded())
          result.push_back(bound.role + " " + bound.name + " dim " + std::to_string(dim) + ": " +
                           std::to_string(factor.logical) + " stored as " +
                           std::to_string(factor.padded));
  }
  return result;
}

} // namespace

Document tpc::summaryView(const PlanFile &plan) {
  Passage whole;
  auto fact = [&](const std::string &name, const std::string &value) {
    whole.facts.emplace_back(name, value);
  };
  fact("model", plan->model_name()->str() + " (hash " + hex(plan->model_hash()) + ")");
  fact("plan hash", hex(plan->content_hash()));
  fact("compiler", plan->compiler_version()->str());
  fact("target", plan->target()->str() + ", " + plan->precision()->str());
  fact("mesh", plan.mesh().str() + " (" + std::to_string(plan.mesh().numRanks()) + " ranks)");
  if (plan->comm_dtype() && plan.mesh().numRanks() > 1)
    fact("on the wire", plan->comm_dtype()->str());
  fact("parameters", std::to_string(plan->parameters() ? plan->parameters()->size() : 0) +
                         " tensors, " + std::to_string(parameterElements(plan)) + " elements");
  fact("memory", humanBytes(plan.arenaBytes()) + " per rank");
  fact("outside", kOutside);
  for (const std::string &padding : paddings(plan))
    fact("padding", padding);
  if (plan->notes())
    for (const auto *note : *plan->notes())
      fact("note", note->str());
  Document document = {std::move(whole)};
  for (const plan::Entry *entry : *plan->entries()) {
    EntryTotals totals = totalsOf(*entry);
    std::string kinds;
    for (const auto &[kind, number] : totals.kinds)
      kinds += (kinds.empty() ? "" : ", ") + std::to_string(number) + " " + kind;
    char flops[32];
    std::snprintf(flops, sizeof(flops), "%.4g", static_cast<double>(entry->flops()));
    document.push_back(
        {"entry " + entry->name()->str(),
         {{"instructions", std::to_string(entry->instructions()->size()) + ": " + kinds},
          {"collectives", std::to_string(totals.collectives) + ", " + humanBytes(totals.wireBytes) +
                              " sent by each rank"},
          {"predicted", std::string(flops) + " flops, " + timeText(entry->picoseconds()) +
                            " per step and rank"}}});
  }
  return document;
}

void tpc::summaryJson(const PlanFile &plan, JsonWriter &json) {
  json.beginObject()
      .member("model", plan->model_name()->str())
      .member("model_hash", hex(plan->model_hash()))
      .member("plan_hash", hex(plan->content_hash()))
      .member("format_version", plan->format_version())
      .member("compiler", plan->compiler_version()->str())
      .member("target", plan->target()->str())
      .member("precision", plan->precision()->str())
      .member("comm_dtype", plan->comm_dtype() ? plan->comm_dtype()->str() : "");
  json.key("mesh").beginObject();
  for (const MeshAxis &axis : plan.mesh().axes)
    json.member(axis.name, axis.size);
  json.endObject()
      .member("parameter_tensors", plan->parameters() ? plan->parameters()->size() : 0)
      .member("parameter_elements", parameterElements(plan))
      .member("memory_bytes", plan.arenaBytes())
      .member("outside", kOutside);
  json.key("padding").beginArray();
  for (const std::string &padding : paddings(plan))
    json.value(padding);
  json.endArray().key("notes").beginArray();
  if (plan->notes())
    for (const auto *note : *plan->notes())
      json.value(note->str());
  json.endArray().key("entries").beginArray();
  for (const plan::Entry *entry : *plan->entries()) {
    EntryTotals totals = totalsOf(*entry);
    json.beginObject().member("name", entry->name()->str());
    json.key("instructions").beginObject();
    for (const auto &[kind, number] : totals.kinds)
      json.member(kind, number);
    json.endObject()
        .member("collectives", totals.collectives)
        .member("wire_bytes", totals.wireBytes)
        .member("flops", entry->flops())
        .member("picoseconds", entry->picoseconds())
        .endObject();
  }
  json.endArray();
  if (plan->report() && plan->report()->size())
    json.key("report").raw(plan->report()->string_view());
  json.endObject();
}

Document tpc::shardingView(const PlanFile &plan) {
  Table table(
      {{"role"}, {"name"}, {"global"}, {"sharding"}, {"local"}, {"bytes", Table::Align::Right}});
  for (const Bound &bound : boundBuffers(plan)) {
    const plan::Buffer &buffer = plan.buffer(bound.buffer);
    table.row({bound.role, bound.name, shapeText(*buffer.global_shape(), buffer.dtype()),
               fromPlan(*buffer.sharding()).str(plan.mesh()),
               shapeText(*buffer.local_shape(), buffer.dtype()), std::to_string(buffer.bytes())});
  }
  return {{"mesh " + plan.mesh().str(), {}, std::move(table)}};
}

void tpc::shardingJson(const PlanFile &plan, JsonWriter &json) {
  json.beginArray();
  for (const Bound &bound : boundBuffers(plan)) {
    const plan::Buffer &buffer = plan.buffer(bound.buffer);
    json.beginObject()
        .member("role", bound.role)
        .member("name", bound.name)
        .member("dtype", plan::EnumNameDType(buffer.dtype()));
    json.key("global_shape").beginArray();
    for (int64_t size : *buffer.global_shape())
      json.value(size);
    json.endArray().key("local_shape").beginArray();
    for (int64_t size : *buffer.local_shape())
      json.value(size);
    json.endArray()
        .member("sharding", fromPlan(*buffer.sharding()).str(plan.mesh()))
        .member("bytes", buffer.bytes())
        .endObject();
  }
  json.endArray();
}
