//===- Profile.cpp - When every instruction ran
//--------------------------------------------------===//

#include "runtime/exec/Profile.h"

#include "runtime/plan/PlanWriter.h"
#include "runtime/support/Json.h"

using namespace tpc;

Status Profile::before(const InstructionEvent &) {
  begin_ = Clock::now();
  return Status();
}

Status Profile::after(const InstructionEvent &event) {
  records_.push_back({&event.instruction, event.rank, event.step, begin_, Clock::now()});
  return Status();
}

std::string Profile::traceEvents() const {
  std::string text;
  auto microseconds = [](auto duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
  };
  for (const Record &record : records_) {
    const plan::Instruction &instruction = *record.instruction;
    JsonWriter json;
    json.beginObject()
        .member("name", instruction.name()->str())
        .member("cat", plan::EnumNameBody(instruction.body_type()))
        .member("ph", "X")
        .member("ts", microseconds(record.begin - origin_))
        .member("dur", microseconds(record.end - record.begin))
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
