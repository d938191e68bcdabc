//===- Notes.cpp - What a plan says of its own speed ---------------------------------------===//

#include "compiler/emit/Notes.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace tpc;

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
  double ranks = 1, groups = 1; // in all; that have samples of their own
  for (const auto &axis : plan.mesh) {
    ranks *= axis->size;
    if (axis->name == "dp")
      groups *= axis->size;
  }
  double tokens = 0;
  bool trains = false;
  for (const auto &instruction : entry.instructions) {
    trains |= instruction->phase == plan::Phase::update;
    if (const plan::AttentionT *step = instruction->body.AsAttention())
      tokens = double(step->batch) * step->query_length;
  }
  if (!trains || tokens == 0 || entry.picoseconds == 0)
    return std::nullopt;
  double seconds = entry.picoseconds * 1e-12;
  std::string text;
  llvm::raw_string_ostream(text) << entry.name << ": predicted to take "
                                 << microseconds(entry.picoseconds) << " on " << hardware.name
                                 << llvm::format(", %.0f tokens a second, %.1f%% of "
                                                 "its %.1f TFLOP/s by 6 N + 6 L h T",
                                                 groups * tokens / seconds,
                                                 100.0 * entry.model_flops / ranks / seconds /
                                                     hardware.gemmFlopsPerSecond,
                                                 hardware.gemmFlopsPerSecond * 1e-12);
  return text;
}
