//===- InspectMemory.cpp - The view of where bytes are ----------------------------------------===//

#include "runtime/cli/InspectCommand.h"
#include "runtime/cli/RunLog.h"

#include <algorithm>

using namespace tpc;

namespace {

/// The largest buffers of an arena, largest first.
std::vector<const plan::Buffer *> largest(const PlanFile &plan, uint32_t arena, size_t most) {
  std::vector<const plan::Buffer *> buffers;
  for (const plan::Buffer *buffer : *plan->buffers())
    if (buffer->arena() == arena)
      buffers.push_back(buffer);
  std::stable_sort(
      buffers.begin(), buffers.end(),
      [](const plan::Buffer *a, const plan::Buffer *b) { return a->bytes() > b->bytes(); });
  buffers.resize(std::min(buffers.size(), most));
  return buffers;
}

size_t buffersIn(const PlanFile &plan, uint32_t arena) {
  return std::count_if(plan->buffers()->begin(), plan->buffers()->end(),
                       [&](const plan::Buffer *buffer) { return buffer->arena() == arena; });
}

} // namespace

Document tpc::memoryView(const PlanFile &plan) {
  constexpr size_t kMost = 10;
  Table arenas({{"arena"},
                {"bytes", Table::Align::Right},
                {"", Table::Align::Right},
                {"buffers", Table::Align::Right}});
  Document document(1);
  for (uint32_t i = 0; i < plan->arenas()->size(); ++i) {
    const plan::Arena &arena = *plan->arenas()->Get(i);
    std::string kind = plan::EnumNameArenaKind(arena.kind());
    arenas.row({kind, std::to_string(arena.bytes()), humanBytes(arena.bytes()),
                std::to_string(buffersIn(plan, i))});
    Table table(
        {{"offset", Table::Align::Right}, {"bytes", Table::Align::Right}, {"shape"}, {"buffer"}});
    for (const plan::Buffer *buffer : largest(plan, i, kMost))
      table.row({std::to_string(buffer->offset()), std::to_string(buffer->bytes()),
                 shapeText(*buffer->local_shape(), buffer->dtype()), buffer->name()->str()});
    if (buffersIn(plan, i))
      document.push_back({"largest of " + kind, {}, std::move(table)});
  }
  arenas.row({"all", std::to_string(plan.arenaBytes()), humanBytes(plan.arenaBytes()),
              std::to_string(plan->buffers()->size())});
  document.front() = {"per rank", {}, std::move(arenas), std::string("outside: ") + kOutside};
  return document;
}

void tpc::memoryJson(const PlanFile &plan, JsonWriter &json) {
  json.beginObject().member("bytes", plan.arenaBytes()).member("outside", kOutside);
  json.key("arenas").beginArray();
  for (uint32_t i = 0; i < plan->arenas()->size(); ++i) {
    const plan::Arena &arena = *plan->arenas()->Get(i);
    json.beginObject()
        .member("kind", plan::EnumNameArenaKind(arena.kind()))
        .member("bytes", arena.bytes());
    json.key("buffers").beginArray();
    for (const plan::Buffer *buffer : *plan->buffers())
      if (buffer->arena() == i)
        json.beginObject()
            .member("name", buffer->name()->str())
            .member("offset", buffer->offset())
            .member("bytes", buffer->bytes())
            .member("shape", shapeText(*buffer->local_shape(), buffer->dtype()))
            .endObject();
    json.endArray().endObject();
  }
  json.endArray().endObject();
}
