//===- SealAgain.h - A damaged plan with a content hash that fits --------------------------===//
#pragma once

#include "runtime/plan/ContentHash.h"
#include "runtime/plan/PlanFile.h"
#include "runtime/plan/PlanWriter.h"

#include <cstring>
#include <vector>

namespace tpc::fuzz {

/// Computes the content hash anew, if the file still has a place for it.
inline void sealAgain(std::vector<uint8_t> &bytes) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  if (bytes.size() < 16 || !plan::VerifyPlanBuffer(verifier))
    return;
  const uint8_t *field = contentHashField(*plan::GetPlan(bytes.data()));
  if (!field)
    return;
  auto at = static_cast<size_t>(field - bytes.data());
  uint64_t hash = contentHash(bytes, at);
  std::memcpy(&bytes[at], &hash, sizeof(hash));
}

} // namespace tpc::fuzz
