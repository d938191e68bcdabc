//===- Launcher.h - What a launcher says in the environment of a rank ------------------------===//
//
// Across machines, the launchers that people already use start the ranks: torchrun, Slurm's srun,
// mpirun. Each tells its processes in variables who they are. docs/runtime.md has the table.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tpc {

/// One process of a run.
struct RankPlace {
  int rank = 0, size = 1, localRank = 0;
  std::string host; ///< where rank 0 listens
  uint16_t port = 0;
};

/// The value of a variable, or nothing.
using Environment = std::function<std::optional<std::string>(const char *name)>;
Environment processEnvironment();

/// Nothing if no launcher started this process; an error if what is set says only half.
Result<std::optional<RankPlace>> placeOf(const Environment &environment);

/// The first host of Slurm's notation: "gpu03" of "gpu[03,07-09],login1".
Result<std::string> firstHost(std::string_view nodes);

} // namespace tpc
