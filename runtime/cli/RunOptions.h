//===- RunOptions.h - What `tpc run` is asked to do -------------------------------------------===//
#pragma once

#include "runtime/cli/Arguments.h"
#include "runtime/io/Initialise.h"

#include <optional>

namespace tpc {

/// Options of all commands that execute a plan: what is computed.
namespace option {
inline constexpr OptionSpec kEntry = {"--entry", "NAME", "train if the plan has it, else its first",
                                      "entry to run"};
inline constexpr OptionSpec kSeed = {"--seed", "S", "0", "seed of initial values and masks"};
inline constexpr OptionSpec kInit = {"--init", "philox|torch", "philox",
                                     "generator of initial values"};
inline constexpr OptionSpec kWeights = {"--weights", "F.safetensors", "",
                                        "parameters from a file, or from those of an index "
                                        "(.index.json), instead of initial values"};
inline constexpr OptionSpec kUnused = {
    "--unused", "PATTERN", "",
    "tensors of --weights that the model does not need, such as 'h.*.attn.bias'", true};
inline constexpr OptionSpec kData = {"--data", "F", "",
                                     "token stream that feeds the inputs that the model says"};
inline constexpr OptionSpec kInput = {"--input", "NAME=F.safetensors", "", "an input from a file",
                                      true};
inline constexpr OptionSpec kSet = {
    "--set", "NAME=VALUE|@F", "",
    "a scalar, such as lr, or a file with its value at each step, a line each", true};
inline constexpr OptionSpec kResume = {"--resume", "F", "", "go on from a checkpoint"};
inline constexpr OptionSpec kThreadsPerRank = {
    "--threads-per-rank", "N", "the cores divided by the ranks", "threads of each rank"};
} // namespace option

/// What --set gives to a scalar.
struct ScalarSetting {
  double value = 0;
  std::string file; ///< of a value for each step, instead
};

struct RunOptions {
  std::string plan;
  std::optional<std::string> entry;
  int64_t steps = 1;
  std::optional<int64_t> saveEvery; ///< steps between checkpoints
  std::optional<uint32_t> seed;
  std::optional<Initialiser> init;
  std::optional<std::string> weights, data, save, resume, logJson, profile;
  std::vector<std::string>
      unused; ///< patterns of tensors of `weights` that the model does not need
  std::map<std::string, std::string> inputs; ///< name -> file
  std::map<std::string, ScalarSetting> scalars;
  std::map<std::string, std::string> outputs; ///< name -> file
  std::string comm = "auto";
  int threadsPerRank = 0; ///< 0: chosen
  int64_t timeoutSeconds = 60;
  bool deterministic = false, checkMemory = false, warnOnNonfinite = false;
};

const CommandSpec &runCommandSpec();

Result<RunOptions> parseRunOptions(const Arguments &arguments);

} // namespace tpc
