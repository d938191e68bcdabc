//===- Profile.cpp - When every instruction ran -----------------------------------------------===//

#include "runtime/exec/Profile.h"

#include "runtime/support/AtomicFile.h"
#include "runtime/support/Json.h"

using namespace tpc;

Status Profile::beginStep(const plan::Entry &entry, int64_t) {
  if (!stepEvent_.handle) {
    TPC_ASSIGN_OR_RETURN(stepEvent_, device_.createEvent(EventUse::Time));
  }
  while (spans_.size() < entry.instructions()->size()) {
    Span span;
    TPC_ASSIGN_OR_RETURN(span.begin, device_.createEvent(EventUse::Time));
    TPC_ASSIGN_OR_RETURN(span.end, device_.createEvent(EventUse::Time));
    spans_.push_back(span);
  }
  firstOfStep_ = records_.size();
  // The device has nothing to do, so the event happens now.
  stepBegin_ = Clock::now();
  return device_.record(stepEvent_, device_.stream(0));
}

Status Profile::before(const InstructionEvent &event) {
  return device_.record(spans_[event.index].begin, event.stream);
}

Status Profile::after(const InstructionEvent &event) {
  records_.push_back({&event.instruction, event.rank, event.step, 0, 0});
  return device_.record(spans_[event.index].end, event.stream);
}

Status Profile::endStep(const plan::Entry &, int64_t) {
  double stepBegin = std::chrono::duration<double>(stepBegin_ - origin_).count();
  for (size_t i = firstOfStep_; i < records_.size(); ++i) {
    const Span &span = spans_[i - firstOfStep_];
    TPC_ASSIGN_OR_RETURN(double begin, device_.seconds(stepEvent_, span.begin));
    TPC_ASSIGN_OR_RETURN(records_[i].seconds, device_.seconds(span.begin, span.end));
    records_[i].begin = stepBegin + begin;
  }
  return Status();
}

std::string Profile::traceEvents() const {
  std::string text;
  for (const Record &record : records_) {
    const plan::Instruction &instruction = *record.instruction;
    JsonWriter json;
    json.beginObject()
        .member("name", instruction.name()->str())
        .member("cat", plan::EnumNameBody(instruction.body_type()))
        .member("ph", "X")
        .member("ts", record.begin * 1e6)
        .member("dur", record.seconds * 1e6)
        .member("pid", record.rank)
        .member("tid", int(instruction.stream()));
    json.key("args").beginObject().member("step", record.step);
    json.member("phase", plan::EnumNamePhase(instruction.phase()));
    if (instruction.location())
      json.member("location", instruction.location()->str());
    if (instruction.why())
      json.member("why", instruction.why()->str());
    if (instruction.flops())
      json.member("flops", instruction.flops());
    if (instruction.bytes())
      json.member("bytes", instruction.bytes());
    json.member("predicted_us", instruction.picoseconds() * 1e-6);
    json.endObject().endObject();
    text += json.text() + ",\n";
  }
  return text;
}

Status tpc::writeTrace(const std::string &path, const std::vector<std::string> &events) {
  std::string text = "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n";
  for (const std::string &ranks : events)
    text += ranks;
  for (size_t rank = 0; rank < events.size(); ++rank) {
    JsonWriter json;
    json.beginObject().member("name", "process_name").member("ph", "M").member("pid", rank);
    json.key("args").beginObject().member("name", "rank " + std::to_string(rank));
    json.endObject().endObject();
    text += json.text() + (rank + 1 < events.size() ? ",\n" : "\n");
  }
  text += "]}\n";
  return writeFileAtomically(path, {reinterpret_cast<const uint8_t *>(text.data()), text.size()});
}
