//===- Report.cpp - What was decided, for people ------------------------------------------===//

#include "compiler/emit/Report.h"

#include "dialects/tp/TP.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <map>

using namespace mlir;
using namespace tpc;

/// Buffers that are named at an entry's peak; the rest is one sum.
static constexpr size_t kLargestBuffers = 10;

/// "h.*.attn" of "h.3.attn": equal layers count together.
static std::string layerClass(StringRef scope) {
  std::string result;
  SmallVector<StringRef> parts;
  scope.split(parts, '.');
  for (StringRef part : parts) {
    if (!result.empty())
      result += '.';
    result +=
        !part.empty() && part.find_first_not_of("0123456789") == StringRef::npos ? "*" : part.str();
  }
  return result;
}

static llvm::json::Array reportPadding(StringRef name, const Sharding &sharding) {
  llvm::json::Array paddings;
  for (auto [dim, layout] : llvm::enumerate(sharding.dims))
    for (const Factor &factor : layout)
      if (factor.isPadded())
        paddings.push_back(llvm::json::Object{{"tensor", name},
                                              {"dim", int64_t(dim)},
                                              {"logical", factor.logical},
                                              {"padded", factor.padded}});
  return paddings;
}

static void reportDeclarations(ModuleOp module, const Mesh &mesh, llvm::json::Object &report) {
  llvm::json::Object dims, shardings;
  llvm::json::Array paddings;
  for (Operation &op : module.getBody()->getOperations()) {
    if (auto dim = dyn_cast<nn::DimOp>(op))
      dims[dim.getSymName()] = int64_t(dim.getSize());
    Type type;
    if (auto input = dyn_cast<nn::InputOp>(op))
      type = input.getType();
    else if (auto parameter = dyn_cast<nn::ParameterOp>(op))
      type = parameter.getType();
    if (!type)
      continue;
    StringRef name = cast<SymbolOpInterface>(op).getName();
    Sharding sharding = tp::toSharding(cast<RankedTensorType>(type), mesh);
    shardings[name] = sharding.str(mesh);
    for (llvm::json::Value &padding : reportPadding(name, sharding))
      paddings.push_back(std::move(padding));
  }
  report["dims"] = std::move(dims);
  report["shardings"] = std::move(shardings);
  report["padding"] = std::move(paddings);
}

static llvm::json::Array reportCollectives(const plan::EntryT &entry, const Mesh &mesh) {
  struct Sum {
    int64_t count = 0, tensors = 0, wireBytes = 0, picoseconds = 0;
  };
  std::map<std::array<std::string, 4>, Sum> sums;
  for (const auto &instruction : entry.instructions) {
    const plan::CollectiveT *collective = instruction->body.AsCollective();
    if (!collective)
      continue;
    Sum &sum =
        sums[{layerClass(instruction->scope), plan::EnumNamePhase(instruction->phase),
              plan::EnumNameCollectiveKind(collective->kind), mesh.axes[collective->axis].name}];
    ++sum.count;
    sum.tensors += collective->tensors.size();
    sum.wireBytes += instruction->bytes;
    sum.picoseconds += instruction->picoseconds;
  }
  llvm::json::Array list;
  for (auto &[key, sum] : sums)
    list.push_back(llvm::json::Object{{"scope", key[0]},
                                      {"phase", key[1]},
                                      {"kind", key[2]},
                                      {"axis", key[3]},
                                      {"count", sum.count},
                                      {"tensors", sum.tensors},
                                      {"wire_bytes", sum.wireBytes},
                                      {"picoseconds", sum.picoseconds}});
  return list;
}

static llvm::json::Object reportMemory(const MemoryPlan &memory) {
  llvm::json::Object arenas;
  for (auto [kind, bytes] : llvm::enumerate(memory.arenas()))
    arenas[plan::EnumNameArenaKind(plan::ArenaKind(kind))] = int64_t(bytes);
  llvm::json::Array entries;
  for (const EntryPeak &peak : memory.peaks()) {
    llvm::json::Array live;
    for (uint32_t buffer : ArrayRef(peak.buffers).take_front(kLargestBuffers))
      live.push_back(llvm::json::Object{{"buffer", memory.buffers()[buffer].name},
                                        {"bytes", int64_t(memory.buffers()[buffer].bytes)}});
    entries.push_back(llvm::json::Object{{"entry", peak.entry.str()},
                                         {"at", peak.step ? stepName(peak.step) : std::string()},
                                         {"live_bytes", int64_t(peak.bytes)},
                                         {"live_buffers", int64_t(peak.buffers.size())},
                                         {"largest", std::move(live)}});
  }
  return llvm::json::Object{{"arenas", std::move(arenas)},
                            {"bytes", int64_t(memory.totalBytes())},
                            {"peaks", std::move(entries)}};
}

std::string tpc::makeReport(ModuleOp module, const Mesh &mesh, const MemoryPlan &memory,
                            const plan::PlanT &plan) {
  llvm::json::Object report, collectives;
  reportDeclarations(module, mesh, report);
  for (const auto &entry : plan.entries)
    collectives[entry->name] = reportCollectives(*entry, mesh);
  report["collectives"] = std::move(collectives);
  report["memory"] = reportMemory(memory);
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(report));
  return text;
}
