//===- RunOptions.h - What `tpc run` is asked to do
//---------------------------------------------===//
#pragma once

#include "runtime/cli/Arguments.h"
#include "runtime/io/Initialise.h"

#include <optional>

namespace tpc {

struct RunOptions {
  std::string plan;
  std::optional<std::string> entry;
  int64_t steps = 1;
  std::optional<uint32_t> seed;
  std::optional<Initialiser> init;
  std::optional<std::string> weights, data, save, resume, logJson, profile;
  std::vector<std::string>
      unused; ///< patterns of tensors of `weights` that the model does not need
  std::map<std::string, std::string> inputs;  ///< name -> file
  std::map<std::string, double> scalars;      ///< --set
  std::map<std::string, std::string> outputs; ///< name -> file
  std::string comm = "auto";
  int threadsPerRank = 0; ///< 0: chosen
  int64_t timeoutSeconds = 60;
  bool deterministic = false, checkMemory = false, warnOnNonfinite = false;
};

const CommandSpec &runCommandSpec();

Result<RunOptions> parseRunOptions(const Arguments &arguments);

} // namespace tpc
