//===- WaitEdges.cpp - What instructions of several streams wait for ----------------------===//
//
// Walks the instructions in order and keeps, of all bytes, the last instruction of each stream that
// wrote them, and the last one that read them since. Each instruction has a clock: how many
// instructions of each stream are known to be done before it begins. An edge that the clock implies
// is left out.
//
//===---------------------------------------------------------------------------------------===//

#include "compiler/emit/WaitEdges.h"

#include "runtime/plan/Segments.h"

#include <algorithm>
#include <map>
#include <vector>

using namespace tpc;

namespace {

/// Per stream: 1 + an instruction, or 0.
using Clock = std::vector<uint32_t>;

void join(Clock &into, const Clock &other) {
  for (size_t stream = 0; stream < into.size(); ++stream)
    into[stream] = std::max(into[stream], other[stream]);
}

class WaitFinder {
public:
  WaitFinder(plan::EntryT &entry, const plan::PlanT &plan)
      : entry(entry), plan(plan), streams(1), bytes(plan.arenas.size()) {
    for (const auto &instruction : entry.instructions)
      streams = std::max<size_t>(streams, instruction->stream + 1);
    now.assign(streams, Clock(streams, 0));
  }

  void run() {
    if (streams == 1)
      return;
    for (uint32_t i = 0; i < entry.instructions.size(); ++i)
      visit(i);
  }

private:
  struct Segment {
    uint64_t end;
    Clock written, read;
  };
  using Segments = std::map<uint64_t, Segment>; ///< by first byte

  void visit(uint32_t i) {
    plan::InstructionT &instruction = *entry.instructions[i];
    Clock needed(streams, 0);
    for (const auto &slice : instruction.operands)
      forEachSegment(*slice, [&](Segment &segment) {
        join(needed, segment.written);
        if (slice->access != plan::Access::read)
          join(needed, segment.read);
      });
    Clock &clock = now[instruction.stream];
    needed[instruction.stream] = 0;
    // The latest first: it may have waited for the others.
    while (true) {
      auto latest = std::max_element(needed.begin(), needed.end());
      if (*latest == 0)
        break;
      if (size_t stream = latest - needed.begin(); clock[stream] < *latest) {
        instruction.waits.push_back(*latest - 1);
        join(clock, clocks[*latest - 1]);
      }
      *latest = 0;
    }
    std::sort(instruction.waits.begin(), instruction.waits.end());
    clock[instruction.stream] = i + 1;
    clocks.push_back(clock);
    for (const auto &slice : instruction.operands)
      forEachSegment(*slice, [&](Segment &segment) {
        if (slice->access == plan::Access::read) {
          segment.read[instruction.stream] = i + 1;
          return;
        }
        // Whoever comes after this instruction comes after all that it waited for.
        segment.read.assign(streams, 0);
        segment.written.assign(streams, 0);
        segment.written[instruction.stream] = i + 1;
      });
  }

  template <typename Function> void forEachSegment(const plan::SliceT &slice, Function function) {
    if (slice.bytes == 0)
      return;
    const plan::BufferT &buffer = *plan.buffers[slice.buffer];
    Segments &segments = bytes[buffer.arena];
    if (segments.empty())
      segments.emplace(
          0, Segment{plan.arenas[buffer.arena]->bytes, Clock(streams, 0), Clock(streams, 0)});
    uint64_t begin = buffer.offset + slice.offset, end = begin + slice.bytes;
    cutSegments(segments, begin);
    cutSegments(segments, end);
    for (auto at = segments.find(begin); at != segments.end() && at->first < end; ++at)
      function(at->second);
  }

  plan::EntryT &entry;
  const plan::PlanT &plan;
  size_t streams;
  std::vector<Segments> bytes; ///< per arena
  std::vector<Clock> now;      ///< per stream: of its last instruction
  std::vector<Clock> clocks;   ///< per instruction, itself included
};

} // namespace

void tpc::addWaits(plan::EntryT &entry, const plan::PlanT &plan) { WaitFinder(entry, plan).run(); }

Timeline tpc::timelineOf(const plan::EntryT &entry) {
  Timeline timeline;
  std::map<uint8_t, int64_t> clocks;
  std::vector<int64_t> ends;
  for (const auto &instruction : entry.instructions) {
    int64_t &clock = clocks[instruction->stream];
    bool isCollective = instruction->body.type == plan::Body::Collective;
    for (uint32_t wait : instruction->waits)
      if (ends[wait] > clock) {
        if (!isCollective)
          timeline.exposed[int(entry.instructions[wait]->phase)] += ends[wait] - clock;
        clock = ends[wait];
      }
    clock += instruction->picoseconds;
    ends.push_back(clock);
    timeline.total = std::max(timeline.total, clock);
    if (isCollective)
      timeline.collectives += instruction->picoseconds;
  }
  return timeline;
}
