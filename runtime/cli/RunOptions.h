//===- RunOptions.h - What `tpc run` is asked to do -------------------------------------------===//
#pragma once

#include "runtime/cli/Arguments.h"
#include "runtime/io/Initialise.h"

#include <optional>

namespace tpc {

/// Defaults that depend on the plan and the machine, for the help.
inline constexpr std::string_view kDefaultEntry = "train if the plan has it, else its first";
inline constexpr std::string_view kDefaultThreads = "the cores divided by the ranks";

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
