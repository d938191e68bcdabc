//===- Checkpoint.cpp - Saving a run and going on from it -------------------------------------===//

#include "runtime/cli/Checkpoint.h"

#include "runtime/io/LocalElements.h"
#include "runtime/io/SafetensorsWriter.h"
#include "runtime/plan/Convert.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace tpc;

namespace {

/// A tensor of the file, the buffer that holds it, and how ranks share it.
struct Kept {
  std::string name;
  uint32_t buffer;
  Sharding sharding;
};

std::vector<Kept> keptBy(const PlanFile &plan) {
  std::vector<Kept> kept;
  auto keep = [&](const auto *tensors) {
    for (size_t i = 0; tensors && i < tensors->size(); ++i) {
      const auto &tensor = *tensors->Get(i);
      kept.push_back({tensor.name()->str(), tensor.buffer(),
                      fromPlan(*plan.buffer(tensor.buffer()).sharding())});
    }
  };
  keep(plan->parameters());
  keep(plan->states());
  return kept;
}

Kept keptOf(const PlanFile &plan, const plan::Output &output) {
  const auto *shape = output.shape();
  return {output.name()->str(), output.buffer(),
          shape && shape->size() ? Sharding::replicated({shape->begin(), shape->end()})
                                 : fromPlan(*plan.buffer(output.buffer()).sharding())};
}

std::vector<SavedTensor> savedTensors(const PlanFile &plan, const std::vector<Kept> &kept) {
  std::vector<SavedTensor> tensors;
  for (const Kept &k : kept)
    tensors.push_back({k.name, fromPlan(plan.buffer(k.buffer).dtype()), k.sharding.globalShape()});
  return tensors;
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
            const std::map<std::string, std::string> &metadata, bool saveNonfinite,
            const std::function<void()> &onWait) {
  const PlanFile &plan = session.plan();
  std::optional<SafetensorsWriter> writer;
  if (session.isRoot()) {
    TPC_ASSIGN_OR_RETURN(SafetensorsWriter created,
                         SafetensorsWriter::create(path, savedTensors(plan, kept), metadata,
                                                   WhenBusy::waitFor(kSavePatience, onWait)));
    writer.emplace(std::move(created));
  }
  for (size_t i = 0; i < kept.size(); ++i) {
    const plan::Buffer &buffer = plan.buffer(kept[i].buffer);
    const Sharding &sharding = kept[i].sharding;
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

bool tpc::trains(const PlanFile &plan, const plan::Entry &entry) {
  const std::vector<Kept> kept = keptBy(plan);
  // Buffers of other names may lie over the same bytes: views do.
  auto isKept = [&](const plan::Slice &slice) {
    const plan::Buffer &written = plan.buffer(slice.buffer());
    const uint64_t begin = written.offset() + slice.offset();
    return std::any_of(kept.begin(), kept.end(), [&](const Kept &k) {
      const plan::Buffer &buffer = plan.buffer(k.buffer);
      return buffer.arena() == written.arena() && begin < buffer.offset() + buffer.bytes() &&
             buffer.offset() < begin + slice.bytes();
    });
  };
  for (const plan::Instruction *instruction : *entry.instructions())
    for (const plan::Slice *slice : *instruction->operands())
      if (slice->access() != plan::Access::read && isKept(*slice))
        return true;
  return false;
}

Status tpc::checkSaveTarget(const std::string &path, const PlanFile &plan) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  const CheckpointInfo longest{.model = plan->model_name()->str(),
                               .modelHash = 0,
                               .step = most,
                               .seed = 0,
                               .dataPosition = most,
                               .init = Initialiser::Philox,
                               .dataHash = 0};
  return SafetensorsWriter::create(path, savedTensors(plan, keptBy(plan)), manifestOf(longest))
      .status();
}

Status tpc::checkOutputTarget(const std::string &path, const PlanFile &plan,
                              const plan::Output &output) {
  return SafetensorsWriter::create(path, savedTensors(plan, {keptOf(plan, output)}), {}).status();
}

Status tpc::saveCheckpoint(const std::string &path, const RunSession &session,
                           const CheckpointInfo &info, bool saveNonfinite,
                           const std::function<void()> &onWait) {
  return save(path, session, keptBy(session.plan()), manifestOf(info), saveNonfinite, onWait);
}

Status tpc::saveOutput(const std::string &path, const RunSession &session,
                       const plan::Output &output, const std::function<void()> &onWait) {
  return save(path, session, {keptOf(session.plan(), output)}, {}, /*saveNonfinite=*/true, onWait);
}
