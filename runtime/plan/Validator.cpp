//===- Validator.cpp - Every instruction reads what it means to read --------------------------===//

#include "runtime/plan/Validator.h"

#include "runtime/plan/PlanCheck.h"
#include "runtime/plan/Segments.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <unordered_map>

using namespace tpc;

HappensBefore::HappensBefore(const plan::Entry &entry) {
  const auto &instructions = *entry.instructions();
  std::array<int, 256> dense;
  dense.fill(-1);
  for (const plan::Instruction *instruction : instructions) {
    int &number = dense[instruction->stream()];
    if (number < 0)
      number = static_cast<int>(streams_++);
    streamOf_.push_back(number);
  }
  clocks_.assign(instructions.size() * streams_, 0);
  std::vector<int64_t> last(streams_, -1);
  for (uint32_t i = 0; i < instructions.size(); ++i) {
    uint32_t *clock = &clocks_[i * streams_];
    auto join = [&](uint32_t earlier) {
      for (size_t s = 0; s < streams_; ++s)
        clock[s] = std::max(clock[s], clocks_[earlier * streams_ + s]);
    };
    if (int64_t previous = last[streamOf_[i]]; previous >= 0)
      join(static_cast<uint32_t>(previous));
    if (const auto *waits = instructions[i]->waits())
      for (uint32_t wait : *waits)
        join(wait);
    clock[streamOf_[i]] = i + 1;
    last[streamOf_[i]] = i;
  }
}

namespace {

constexpr uint32_t kNobody = std::numeric_limits<uint32_t>::max();

/// What is known of consecutive bytes of an arena.
struct Segment {
  enum Kind : uint8_t { Unwritten, Bound, Written };
  uint64_t end;
  Kind kind = Unwritten;
  uint32_t value = 0;        ///< of Written
  uint32_t buffer = 0;       ///< of Bound
  uint32_t writer = kNobody; ///< last instruction that wrote it
  /// The last reader on each stream since then; earlier ones on the stream are ordered before it.
  std::vector<uint32_t> readers;
};

using Segments = std::map<uint64_t, Segment>; ///< by first byte; they cover the arena

class EntryValidator {
public:
  EntryValidator(const plan::Plan &plan, const plan::Entry &entry)
      : plan_(plan), entry_(entry), before_(entry) {}

  Status validate() {
    for (const plan::Arena *arena : *plan_.arenas())
      arenas_.emplace_back().emplace(0, Segment{.end = arena->bytes(), .readers = {}});
    TPC_RETURN_IF_ERROR(bindAll());
    for (uint32_t i = 0; i < entry_.instructions()->size(); ++i) {
      const plan::Instruction &instruction = *entry_.instructions()->Get(i);
      // An instruction reads all its operands before it is known to have written any.
      for (const plan::Slice *slice : *instruction.operands())
        if (slice->access() != plan::Access::write)
          TPC_RETURN_IF_ERROR(read(i, *slice));
      for (const plan::Slice *slice : *instruction.operands())
        if (slice->access() != plan::Access::read)
          TPC_RETURN_IF_ERROR(write(i, *slice));
    }
    return checkEnd();
  }

private:
  const plan::Buffer &buffer(uint32_t index) const { return *plan_.buffers()->Get(index); }

  std::string nameOf(uint32_t instruction) const {
    return describe(*entry_.instructions()->Get(instruction), instruction);
  }

  std::string place(uint32_t bufferIndex, uint64_t begin, uint64_t end) const {
    const plan::Buffer &b = buffer(bufferIndex);
    return "buffer " + std::to_string(bufferIndex) + " '" + b.name()->str() + "', bytes [" +
           std::to_string(begin) + ", " + std::to_string(end) + ") of arena " +
           std::to_string(b.arena()) + " (" +
           plan::EnumNameArenaKind(plan_.arenas()->Get(b.arena())->kind()) + ")";
  }

  std::string contents(const Segment &segment) const {
    if (segment.kind == Segment::Unwritten)
      return "nothing";
    if (segment.kind == Segment::Bound)
      return "what the run bound to buffer '" + buffer(segment.buffer).name()->str() + "'";
    return "value " + std::to_string(segment.value) + " of " + nameOf(segment.writer);
  }

  Status bindAll() {
    if (plan_.parameters())
      for (const plan::Parameter *parameter : *plan_.parameters())
        TPC_RETURN_IF_ERROR(bind(parameter->buffer()));
    if (plan_.states())
      for (const plan::State *state : *plan_.states())
        TPC_RETURN_IF_ERROR(bind(state->buffer()));
    if (entry_.inputs())
      for (const plan::Input *input : *entry_.inputs())
        TPC_RETURN_IF_ERROR(bind(input->buffer()));
    if (entry_.scalars())
      for (const plan::Scalar *scalar : *entry_.scalars())
        TPC_RETURN_IF_ERROR(bind(scalar->buffer()));
    for (int index : {entry_.step_buffer(), entry_.seed_buffer()})
      if (index >= 0)
        TPC_RETURN_IF_ERROR(bind(static_cast<uint32_t>(index)));
    return Status();
  }

  /// An arena, cut at both ends of an interval.
  Segments &cutArena(uint32_t arena, uint64_t begin, uint64_t end) {
    Segments &segments = arenas_[arena];
    cutSegments(segments, begin);
    cutSegments(segments, end);
    return segments;
  }

  Status bind(uint32_t index) {
    const plan::Buffer &b = buffer(index);
    if (b.bytes() == 0)
      return Status();
    uint64_t begin = b.offset(), end = begin + b.bytes();
    Segments &segments = cutArena(b.arena(), begin, end);
    auto first = segments.find(begin);
    if (first->second.end != end || first->second.kind != Segment::Unwritten)
      return Status(Code::InvalidInput,
                    place(index, begin, end) + " overlaps another buffer that the run binds");
    first->second.kind = Segment::Bound;
    first->second.buffer = index;
    return Status();
  }

  Status read(uint32_t instruction, const plan::Slice &slice) {
    return forEachSegment(slice, [&](uint64_t begin, Segment &segment) {
      if (!holds(segment, slice.value()))
        return Status(Code::InvalidInput, nameOf(instruction) + " reads value " +
                                              std::to_string(slice.value()) + " in " +
                                              place(slice.buffer(), begin, segment.end) +
                                              ", which hold " + contents(segment));
      TPC_RETURN_IF_ERROR(ordered(segment.writer, instruction, slice.buffer(), begin, segment));
      uint32_t stream = before_.stream(instruction);
      auto same = std::find_if(segment.readers.begin(), segment.readers.end(),
                               [&](uint32_t reader) { return before_.stream(reader) == stream; });
      if (same != segment.readers.end())
        *same = instruction;
      else
        segment.readers.push_back(instruction);
      return Status();
    });
  }

  /// Whether a segment holds `value`. The first read of a bound buffer names what it holds.
  bool holds(const Segment &segment, uint32_t value) {
    if (segment.kind == Segment::Unwritten)
      return false;
    if (segment.kind == Segment::Written)
      return segment.value == value;
    auto [named, isFirst] = boundValue_.emplace(segment.buffer, value);
    if (!isFirst)
      return named->second == value;
    // One value in two bound buffers: the second one is a mistake.
    return boundBuffer_.emplace(value, segment.buffer).second;
  }

  Status write(uint32_t instruction, const plan::Slice &slice) {
    if (slice.bytes() == 0)
      return Status();
    TPC_RETURN_IF_ERROR(forEachSegment(slice, [&](uint64_t begin, Segment &segment) {
      if (segment.writer == instruction)
        return Status(Code::InvalidInput, nameOf(instruction) + " writes " +
                                              place(slice.buffer(), begin, segment.end) + " twice");
      TPC_RETURN_IF_ERROR(ordered(segment.writer, instruction, slice.buffer(), begin, segment));
      for (uint32_t reader : segment.readers)
        TPC_RETURN_IF_ERROR(ordered(reader, instruction, slice.buffer(), begin, segment));
      return Status();
    }));
    const plan::Buffer &b = buffer(slice.buffer());
    uint64_t begin = b.offset() + slice.offset(), end = begin + slice.bytes();
    Segments &segments = arenas_[b.arena()];
    segments.erase(segments.find(begin), segments.lower_bound(end));
    bool update = slice.access() == plan::Access::read_write;
    segments.emplace(begin, Segment{.end = end,
                                    .kind = Segment::Written,
                                    .value = update ? slice.written_value() : slice.value(),
                                    .writer = instruction,
                                    .readers = {}});
    return Status();
  }

  Status ordered(uint32_t earlier, uint32_t later, uint32_t bufferIndex, uint64_t begin,
                 const Segment &segment) const {
    if (earlier == kNobody || earlier == later || before_(earlier, later))
      return Status();
    return Status(Code::InvalidInput,
                  nameOf(later) + " and " + nameOf(earlier) + " both touch " +
                      place(bufferIndex, begin, segment.end) +
                      ", one of them writing, and no stream or wait orders them");
  }

  template <typename Function> Status forEachSegment(const plan::Slice &slice, Function function) {
    if (slice.bytes() == 0)
      return Status();
    const plan::Buffer &b = buffer(slice.buffer());
    uint64_t begin = b.offset() + slice.offset(), end = begin + slice.bytes();
    Segments &segments = cutArena(b.arena(), begin, end);
    for (auto at = segments.find(begin); at != segments.end() && at->first < end; ++at)
      TPC_RETURN_IF_ERROR(function(at->first, at->second));
    return Status();
  }

  Status checkEnd() {
    if (plan_.parameters())
      for (const plan::Parameter *parameter : *plan_.parameters())
        TPC_RETURN_IF_ERROR(endsWhole(parameter->buffer(), "parameter", parameter->name()));
    if (plan_.states())
      for (const plan::State *state : *plan_.states())
        TPC_RETURN_IF_ERROR(endsWhole(state->buffer(), "state", state->name()));
    if (entry_.outputs())
      for (const plan::Output *output : *entry_.outputs())
        TPC_RETURN_IF_ERROR(endsWhole(output->buffer(), "output", output->name(), output->value()));
    return Status();
  }

  /// At the end a buffer that outlives the step holds one value: `value`, if it is computed.
  Status endsWhole(uint32_t index, const char *role, const flatbuffers::String *name,
                   std::optional<uint32_t> value = std::nullopt) {
    const plan::Buffer &b = buffer(index);
    if (b.bytes() == 0)
      return Status();
    uint64_t begin = b.offset(), end = begin + b.bytes();
    Segments &segments = cutArena(b.arena(), begin, end);
    const Segment *first = nullptr;
    for (auto at = segments.find(begin); at != segments.end() && at->first < end; ++at) {
      const Segment &segment = at->second;
      bool same = segment.kind != Segment::Unwritten &&
                  (!first || (segment.kind == first->kind && segment.value == first->value &&
                              segment.buffer == first->buffer));
      if (!same)
        return Status(Code::InvalidInput,
                      std::string(role) + " '" + name->str() + "' is not whole at the end: " +
                          place(index, at->first, segment.end) + " hold " + contents(segment));
      first = &segment;
    }
    if (value && first->kind == Segment::Written && first->value != *value)
      return Status(Code::InvalidInput, std::string(role) + " '" + name->str() + "' is value " +
                                            std::to_string(*value) + ", and at the end " +
                                            place(index, begin, end) + " hold " + contents(*first));
    return Status();
  }

  const plan::Plan &plan_;
  const plan::Entry &entry_;
  HappensBefore before_;
  std::vector<Segments> arenas_;
  std::unordered_map<uint32_t, uint32_t> boundValue_;  ///< bound buffer -> its value
  std::unordered_map<uint32_t, uint32_t> boundBuffer_; ///< and back
};

} // namespace

Status tpc::validateEntry(const plan::Plan &plan, const plan::Entry &entry) {
  return EntryValidator(plan, entry).validate().withContext("entry '" + entry.name()->str() + "'");
}

Status tpc::validatePlan(const plan::Plan &plan) {
  for (const plan::Entry *entry : *plan.entries())
    TPC_RETURN_IF_ERROR(validateEntry(plan, *entry));
  return Status();
}
