//===- Notes.cpp - What a plan says of its own speed ---------------------------------------===//

#include "compiler/emit/Notes.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace tpc;

static std::string microseconds(int64_t picoseconds) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.1f us", picoseconds * 1e-6);
  return text;
}

std::string tpc::overlapNote(const std::string &entry, const Timeline &timeline) {
  int64_t exposed = 0;
  std::string where;
  for (int phase = 0; phase <= int(plan::Phase::MAX); ++phase) {
    int64_t time = timeline.exposed[phase];
    exposed += time;
    if (time)
      where += (where.empty() ? "" : ", ") + microseconds(time) + " " +
               plan::EnumNamePhase(plan::Phase(phase));
  }
  return entry + ": collectives are predicted to take " + microseconds(timeline.collectives) +
         ", of which computation waits for " + microseconds(exposed) +
         (where.empty() ? ""
                        : " (" + where + "), having nothing left that needs no result of them");
}

std::optional<std::string> tpc::utilisationNote(const plan::PlanT &plan, const plan::EntryT &entry,
                                                const Hardware &hardware) {
  double ranks = 1, groups = 1; // that share the work on one sample; that have samples of their own
  for (const auto &axis : plan.mesh)
    (axis->name == "dp" ? groups : ranks) *= axis->size;
  double parameters = 0;
  for (const auto &parameter : plan.parameters) {
    double elements = 1;
    for (int64_t size : plan.buffers[parameter->buffer]->global_shape)
      elements *= size;
    parameters += elements;
  }
  double tokens = 0, attention = 0;
  bool trains = false;
  for (const auto &instruction : entry.instructions) {
    trains |= instruction->phase == plan::Phase::update;
    const plan::AttentionT *step = instruction->body.AsAttention();
    if (!step || step->backward || instruction->phase != plan::Phase::forward)
      continue;
    tokens = double(step->batch) * step->query_length;
    attention += double(step->heads) * step->size * step->key_length * ranks;
  }
  if (!trains || tokens == 0 || entry.picoseconds == 0)
    return std::nullopt;
  double seconds = entry.picoseconds * 1e-12;
  double flops = tokens * (6 * parameters + 6 * attention) / ranks / seconds;
  std::string text;
  llvm::raw_string_ostream(text) << entry.name << ": predicted to take "
                                 << microseconds(entry.picoseconds) << " on " << hardware.name
                                 << llvm::format(", %.0f tokens a second, %.1f%% of "
                                                 "its %.1f TFLOP/s by 6 N + 6 L h T",
                                                 groups * tokens / seconds,
                                                 100 * flops / hardware.gemmFlopsPerSecond,
                                                 hardware.gemmFlopsPerSecond * 1e-12);
  return text;
}
