//===- Checkpoint.cpp - Saving a run and going on from it
//-----------------------------------------===//

#include "runtime/cli/Checkpoint.h"

#include "runtime/cli/Arguments.h"
#include "runtime/io/SafetensorsWriter.h"
#include "runtime/plan/Convert.h"

using namespace tpc;

namespace {

constexpr const char *kStepKey = "tpc.step";
constexpr const char *kSeedKey = "tpc.seed";

/// A tensor of the file and the buffer that holds it.
struct Kept {
  std::string name;
  uint32_t buffer;
};

Status save(const std::string &path, const RunSession &session, const std::vector<Kept> &kept,
            const std::map<std::string, std::string> &metadata) {
  const PlanFile &plan = session.plan();
  std::vector<SavedTensor> tensors;
  for (const Kept &k : kept) {
    const plan::Buffer &buffer = plan.buffer(k.buffer);
    tensors.push_back({k.name,
                       fromPlan(buffer.dtype()),
                       {buffer.global_shape()->begin(), buffer.global_shape()->end()}});
  }
  std::optional<SafetensorsWriter> writer;
  if (session.isRoot()) {
    TPC_ASSIGN_OR_RETURN(SafetensorsWriter created,
                         SafetensorsWriter::create(path, tensors, metadata));
    writer.emplace(std::move(created));
  }
  for (size_t i = 0; i < kept.size(); ++i) {
    Sharding sharding = fromPlan(*plan.buffer(kept[i].buffer).sharding());
    std::vector<int> ranks;
    for (int rank = 0; rank < session.numRanks(); ++rank)
      if (writesSlice(sharding, plan.mesh(), rank))
        ranks.push_back(rank);
    TPC_RETURN_IF_ERROR(session.gather(kept[i].buffer, ranks, [&](int rank, const void *data) {
      return writer->write(i, CoordinateMap(sharding, plan.mesh(), rank), data);
    }));
  }
  if (!writer)
    return Status();
  TPC_RETURN_IF_ERROR(writer->flush());
  return writer->commit();
}

} // namespace

bool tpc::isCheckpoint(const SafetensorsReader &file) { return file.metadata().contains(kStepKey); }

Result<CheckpointInfo> tpc::checkpointInfo(const SafetensorsReader &file) {
  auto number = [&](const char *key, int64_t &value) {
    auto found = file.metadata().find(key);
    return found != file.metadata().end() && parseNumber(found->second, value) && value >= 0;
  };
  int64_t step = 0, seed = 0;
  if (!number(kStepKey, step) || !number(kSeedKey, seed))
    return Status(Code::InvalidInput, "the file of --resume was not made by --save",
                  "--weights starts from parameters alone");
  return CheckpointInfo{step, static_cast<uint32_t>(seed)};
}

Status tpc::saveCheckpoint(const std::string &path, const RunSession &session,
                           const CheckpointInfo &info) {
  std::vector<Kept> kept;
  if (const auto *parameters = session.plan()->parameters())
    for (const plan::Parameter *parameter : *parameters)
      kept.push_back({parameter->name()->str(), parameter->buffer()});
  if (const auto *states = session.plan()->states())
    for (const plan::State *state : *states)
      kept.push_back({state->name()->str(), state->buffer()});
  return save(path, session, kept,
              {{kStepKey, std::to_string(info.step)}, {kSeedKey, std::to_string(info.seed)}});
}

Status tpc::saveOutput(const std::string &path, const RunSession &session,
                       const plan::Output &output) {
  return save(path, session, {{output.name()->str(), output.buffer()}}, {});
}
