//===- InspectPictures.cpp - Memory over time, and predicted time, as figures -----------------===//
//
// Shapes stretch with the page; text stands beside them, so that it stays readable on a small one.
//
//===---------------------------------------------------------------------------------------===//

#include "runtime/cli/InspectCommand.h"
#include "runtime/cli/RunLog.h"

#include <algorithm>
#include <map>

using namespace tpc;

namespace {

constexpr size_t kColours = 8; ///< classes s0 ... s7 of the page
/// A rank's memory is this high, in units of the drawing; what is lower than one is not drawn.
constexpr double kHeight = 1000;

std::string decimal(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

std::string legendItem(size_t colour, const std::string &text) {
  return "<span><i class=\"s" + std::to_string(colour % kColours) + "\"></i>" + escapeHtml(text) +
         "</span>";
}

/// A buffer while it holds something: from instruction `begin` on, up to the end of `last`.
struct Life {
  uint32_t buffer;
  size_t begin, last;
};

/// Whether what the arena holds outlives a step.
bool isKept(plan::ArenaKind kind) {
  return kind == plan::ArenaKind::parameters || kind == plan::ArenaKind::optimizer ||
         kind == plan::ArenaKind::inputs;
}

/// A life ends with the last access before the buffer is written anew. What is read first was there
/// before the step, and outputs are there after it.
std::vector<Life> livesOf(const PlanFile &plan, const plan::Entry &entry) {
  size_t end = entry.instructions()->size() - 1;
  std::map<uint32_t, std::vector<Life>> lives;
  for (size_t i = 0; i <= end; ++i)
    for (const plan::Slice *slice : *entry.instructions()->Get(i)->operands()) {
      std::vector<Life> &own = lives[slice->buffer()];
      bool isWhole = slice->bytes() == plan.buffer(slice->buffer()).bytes();
      bool isNew = slice->access() == plan::Access::write && isWhole;
      if (own.empty())
        own.push_back({slice->buffer(), slice->access() == plan::Access::write ? i : 0, i});
      else if (isNew && own.back().last != i)
        own.push_back({slice->buffer(), i, i});
      own.back().last = i;
    }
  if (entry.outputs())
    for (const plan::Output *output : *entry.outputs())
      if (auto found = lives.find(output->buffer()); found != lives.end())
        found->second.back().last = end;
  std::vector<Life> result;
  for (uint32_t buffer = 0; buffer < plan->buffers()->size(); ++buffer)
    if (isKept(plan->arenas()->Get(plan.buffer(buffer).arena())->kind()))
      result.push_back({buffer, 0, end});
    else
      result.insert(result.end(), lives[buffer].begin(), lives[buffer].end());
  return result;
}

/// The phases along the time axis; those that take turns share a part of it.
std::string phaseBand(const plan::Entry &entry) {
  struct Part {
    std::string names;
    size_t begin, end;
  };
  const auto &instructions = *entry.instructions();
  std::vector<Part> parts;
  for (plan::Phase phase : plan::EnumValuesPhase()) {
    Part part{plan::EnumNamePhase(phase), instructions.size(), 0};
    for (uint32_t i = 0; i < instructions.size(); ++i)
      if (instructions.Get(i)->phase() == phase) {
        part.begin = std::min<size_t>(part.begin, i);
        part.end = i + 1;
      }
    if (part.end == 0)
      continue;
    while (!parts.empty() && parts.back().end > part.begin) {
      part = {parts.back().names + ", " + part.names, std::min(parts.back().begin, part.begin),
              std::max(parts.back().end, part.end)};
      parts.pop_back();
    }
    parts.push_back(part);
  }
  std::string html = "<div class=\"band\">";
  for (const Part &part : parts)
    html +=
        "<span style=\"width:" + decimal(100.0 * (part.end - part.begin) / instructions.size()) +
        "%\">" + part.names + "</span>";
  return html + "</div>\n";
}

} // namespace

std::string tpc::memoryPicture(const PlanFile &plan, const plan::Entry &entry) {
  if (!entry.instructions()->size() || !plan.arenaBytes())
    return "";
  double scale = kHeight / plan.arenaBytes();
  std::vector<uint64_t> begins; // of the arenas, one on top of the other
  uint64_t total = 0;
  for (const plan::Arena *arena : *plan->arenas()) {
    begins.push_back(total);
    total += arena->bytes();
  }
  std::string shapes;
  size_t hidden = 0;
  for (const Life &life : livesOf(plan, entry)) {
    const plan::Buffer &buffer = plan.buffer(life.buffer);
    if (buffer.bytes() * scale < 1) {
      ++hidden;
      continue;
    }
    shapes += "<rect class=\"s" + std::to_string(buffer.arena() % kColours) + "\" x=\"" +
              std::to_string(life.begin) + "\" width=\"" +
              std::to_string(life.last - life.begin + 1) + "\" y=\"" +
              decimal((begins[buffer.arena()] + buffer.offset()) * scale) + "\" height=\"" +
              decimal(buffer.bytes() * scale) + "\"><title>" + escapeHtml(buffer.name()->str()) +
              ", " + humanBytes(buffer.bytes()) + ", instructions " + std::to_string(life.begin) +
              " to " + std::to_string(life.last) + "</title></rect>\n";
  }
  std::string legend;
  for (uint32_t i = 0; i < plan->arenas()->size(); ++i) {
    const plan::Arena &arena = *plan->arenas()->Get(i);
    if (arena.bytes())
      legend += legendItem(i, plan::EnumNameArenaKind(arena.kind()) + std::string(" ") +
                                  humanBytes(arena.bytes()));
  }
  std::string count = std::to_string(entry.instructions()->size());
  std::string caption =
      "Memory of a rank during " + entry.name()->str() + ": from left to right " + "its " + count +
      " instructions, from top to bottom " + humanBytes(plan.arenaBytes()) +
      ". A block is a buffer while it is in use" +
      (hidden ? "; " + std::to_string(hidden) + " are too small to be seen" : "") + ".";
  return "<figure>\n<figcaption>" + escapeHtml(caption) + "</figcaption>\n" + phaseBand(entry) +
         "<svg role=\"img\" aria-label=\"memory over time\" preserveAspectRatio=\"none\" "
         "viewBox=\"0 0 " +
         count + " " + decimal(kHeight) + "\">\n" + shapes + "</svg>\n<div class=\"legend\">" +
         legend + "</div>\n</figure>\n";
}

std::string tpc::costPicture(const plan::Entry &entry) {
  std::map<plan::Phase, std::map<std::string, int64_t>> times;
  std::map<std::string, int64_t> kinds;
  int64_t longest = 0, all = 0;
  for (const plan::Instruction *instruction : *entry.instructions()) {
    times[instruction->phase()][kindOf(*instruction)] += instruction->picoseconds();
    kinds[kindOf(*instruction)] += instruction->picoseconds();
    all += instruction->picoseconds();
  }
  if (!all)
    return "";
  auto sum = [](const std::map<std::string, int64_t> &byKind) {
    int64_t total = 0;
    for (const auto &[kind, time] : byKind)
      total += time;
    return total;
  };
  for (const auto &[phase, byKind] : times)
    longest = std::max(longest, sum(byKind));
  std::string html = "<figure>\n<figcaption>" +
                     escapeHtml("Predicted time of " + entry.name()->str() + " on one rank") +
                     "</figcaption>\n";
  for (const auto &[phase, byKind] : times) {
    html += "<div class=\"bar\"><span>" + std::string(plan::EnumNamePhase(phase)) + "</span><div>";
    for (const auto &[kind, time] : byKind) {
      size_t colour = std::distance(kinds.begin(), kinds.find(kind));
      html += "<span class=\"s" + std::to_string(colour % kColours) +
              "\" style=\"width:" + decimal(100.0 * time / longest) + "%\" title=\"" + kind + ": " +
              timeText(time) + "\"></span>";
    }
    html += "</div><span>" + timeText(sum(byKind)) + "</span></div>\n";
  }
  html += "<div class=\"legend\">";
  for (auto [kind, time] : kinds)
    html += legendItem(std::distance(kinds.begin(), kinds.find(kind)),
                       kind + " " + decimal(100.0 * time / all) + "%");
  return html + "</div>\n</figure>\n";
}
