//===- CompiledPlans.h - Models, files and the loader's verdict ------------------------------===//
#pragma once

#include "runtime/plan/PlanFile.h"
#include "runtime/plan/PlanWriter.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace tpc::test {

inline const std::filesystem::path kModels = TPC_MODELS;

inline std::vector<uint8_t> readFile(const std::filesystem::path &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Whether the checks that a loader makes find nothing.
inline bool passes(plan::PlanT &plan) { return PlanFile::fromBytes(sealPlan(plan)).ok(); }

} // namespace tpc::test
