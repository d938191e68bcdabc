//===- Checkpoint.cpp - Saving a run and going on from it
//-----------------------------------------===//

#include "runtime/cli/Checkpoint.h"

#include "runtime/cli/Arguments.h"
#include "runtime/io/LocalElements.h"
#include "runtime/io/SafetensorsWriter.h"
#include "runtime/plan/Convert.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

using namespace tpc;

namespace {

constexpr std::string_view kFormatKey = "tpc.checkpoint", kModelKey = "tpc.model",
                           kHashKey = "tpc.model_hash", kStepKey = "tpc.step",
                           kSeedKey = "tpc.seed", kPositionKey = "tpc.data_position";
constexpr std::string_view kKeys[] = {kFormatKey, kModelKey, kHashKey,
                                      kStepKey,   kSeedKey,  kPositionKey};
constexpr std::string_view kFormat = "1";

/// A tensor of the file and the buffer that holds it.
struct Kept {
  std::string name;
  uint32_t buffer;
};

std::vector<Kept> keptBy(const PlanFile &plan) {
  std::vector<Kept> kept;
  if (const auto *parameters = plan->parameters())
    for (const plan::Parameter *parameter : *parameters)
      kept.push_back({parameter->name()->str(), parameter->buffer()});
  if (const auto *states = plan->states())
    for (const plan::State *state : *states)
      kept.push_back({state->name()->str(), state->buffer()});
  return kept;
}

std::vector<SavedTensor> savedTensors(const PlanFile &plan, const std::vector<Kept> &kept) {
  std::vector<SavedTensor> tensors;
  for (const Kept &k : kept) {
    const plan::Buffer &buffer = plan.buffer(k.buffer);
    tensors.push_back({k.name,
                       fromPlan(buffer.dtype()),
                       {buffer.global_shape()->begin(), buffer.global_shape()->end()}});
  }
  return tensors;
}

std::string hex16(uint64_t value) {
  constexpr const char *digits = "0123456789abcdef";
  std::string text(16, '0');
  for (int i = 15; i >= 0; --i, value >>= 4)
    text[static_cast<size_t>(i)] = digits[value & 15];
  return text;
}

std::map<std::string, std::string> manifestOf(const CheckpointInfo &info) {
  return {{std::string(kFormatKey), std::string(kFormat)},
          {std::string(kModelKey), info.model},
          {std::string(kHashKey), hex16(info.modelHash)},
          {std::string(kStepKey), std::to_string(info.step)},
          {std::string(kSeedKey), std::to_string(info.seed)},
          {std::string(kPositionKey), std::to_string(info.dataPosition)}};
}

/// A whole number as manifests write it: nothing but its digits.
template <typename T> bool readNumber(std::string_view text, int base, T most, T &value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() &&
         text[0] != '-' && value <= most;
}

/// Pads may hold anything; only logical elements count.
bool allFinite(const CoordinateMap &map, DType dtype, const void *local) {
  bool finite = true;
  withElements(dtype, const_cast<void *>(local), [&](const auto *values) {
    using Element = std::remove_const_t<std::remove_pointer_t<decltype(values)>>;
    if constexpr (!std::is_same_v<Element, int32_t>)
      map.forEachRun([&](int64_t begin, int64_t, int64_t length) {
        for (int64_t i = begin; i < begin + length; ++i)
          if constexpr (std::is_same_v<Element, uint16_t>)
            finite &= (values[i] & 0x7F80) != 0x7F80;
          else
            finite &= std::isfinite(values[i]);
      });
  });
  return finite;
}

Status save(const std::string &path, const RunSession &session, const std::vector<Kept> &kept,
            const std::map<std::string, std::string> &metadata, bool saveNonfinite) {
  const PlanFile &plan = session.plan();
  std::optional<SafetensorsWriter> writer;
  if (session.isRoot()) {
    TPC_ASSIGN_OR_RETURN(SafetensorsWriter created,
                         SafetensorsWriter::create(path, savedTensors(plan, kept), metadata));
    writer.emplace(std::move(created));
  }
  for (size_t i = 0; i < kept.size(); ++i) {
    const plan::Buffer &buffer = plan.buffer(kept[i].buffer);
    Sharding sharding = fromPlan(*buffer.sharding());
    std::vector<int> ranks;
    for (int rank = 0; rank < session.numRanks(); ++rank)
      if (writesSlice(sharding, plan.mesh(), rank))
        ranks.push_back(rank);
    auto writeOne = [&](int rank, const void *data) {
      CoordinateMap map(sharding, plan.mesh(), rank);
      if (!saveNonfinite && !allFinite(map, fromPlan(buffer.dtype()), data))
        return Status(Code::RankFailed,
                      "'" + kept[i].name + "' holds numbers that are not finite; nothing is saved",
                      "--on-nonfinite warn saves it nevertheless");
      return writer->write(i, map, data);
    };
    TPC_RETURN_IF_ERROR(session.gather(kept[i].buffer, ranks, writeOne));
  }
  return writer ? writer->commit() : Status();
}

} // namespace

bool tpc::isCheckpoint(const SafetensorsReader &file) {
  return file.metadata().contains(std::string(kFormatKey));
}

Result<CheckpointInfo> tpc::checkpointInfo(const std::map<std::string, std::string> &metadata) {
  auto damaged = [](const std::string &what) {
    return Status(Code::InvalidInput, "its manifest " + what,
                  "the file is damaged, or another version of tpc made it");
  };
  auto field = [&](std::string_view key) -> std::string_view {
    return metadata.find(std::string(key))->second;
  };
  if (!metadata.contains(std::string(kFormatKey)))
    return Status(Code::InvalidInput, "it was not made by --save",
                  "--weights starts from the parameters of any safetensors file");
  if (field(kFormatKey) != kFormat)
    return damaged("has version '" + std::string(field(kFormatKey)) + "', and this tpc reads " +
                   std::string(kFormat));
  for (std::string_view key : kKeys)
    if (!metadata.contains(std::string(key)))
      return damaged("lacks '" + std::string(key) + "'");
  for (const auto &[key, value] : metadata)
    if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys))
      return damaged("has the unknown field '" + key + "'");
  CheckpointInfo info{std::string(field(kModelKey)), 0, 0, 0, 0};
  auto outOfRange = [&](std::string_view key) {
    return damaged("has '" + std::string(field(key)) + "' as its '" + std::string(key) + "'");
  };
  if (field(kHashKey).size() != 16 ||
      !readNumber(field(kHashKey), 16, std::numeric_limits<uint64_t>::max(), info.modelHash))
    return outOfRange(kHashKey);
  // A step number is an i32 on the device, and there must be a next one.
  if (!readNumber<int64_t>(field(kStepKey), 10, std::numeric_limits<int32_t>::max() - 1, info.step))
    return outOfRange(kStepKey);
  if (!readNumber(field(kSeedKey), 10, std::numeric_limits<uint32_t>::max(), info.seed))
    return outOfRange(kSeedKey);
  if (!readNumber(field(kPositionKey), 10, int64_t{1} << 62, info.dataPosition))
    return outOfRange(kPositionKey);
  return info;
}

Status tpc::checkSaveTarget(const std::string &path, const PlanFile &plan) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  CheckpointInfo longest{plan->model_name()->str(), 0, most, 0, most};
  return SafetensorsWriter::create(path, savedTensors(plan, keptBy(plan)), manifestOf(longest))
      .status();
}

Status tpc::saveCheckpoint(const std::string &path, const RunSession &session,
                           const CheckpointInfo &info, bool saveNonfinite) {
  return save(path, session, keptBy(session.plan()), manifestOf(info), saveNonfinite);
}

Status tpc::saveOutput(const std::string &path, const RunSession &session,
                       const plan::Output &output) {
  return save(path, session, {{output.name()->str(), output.buffer()}}, {},
              /*saveNonfinite=*/true);
}
