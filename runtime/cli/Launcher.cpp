//===- Launcher.cpp - What a launcher says in the environment of a rank ----------------------===//

#include "runtime/cli/Launcher.h"

#include "runtime/cli/Arguments.h"

#include <cstdlib>

using namespace tpc;

namespace {

constexpr const char *kLocal = "--comm local ignores what launchers set";
constexpr int64_t kMostRanks = 1 << 16;
/// For mpirun, if only the address is given: the port that torch takes, too.
constexpr uint16_t kDefaultPort = 29500;

class Variables {
public:
  explicit Variables(const Environment &environment) : environment_(environment) {}

  bool has(const char *name) const { return environment_(name).has_value(); }
  std::optional<std::string> get(const char *name) const { return environment_(name); }

  /// A whole number in [least, most]; nothing is an error.
  Result<int64_t> number(const char *name, int64_t least, int64_t most) const {
    std::optional<std::string> text = get(name);
    int64_t value = 0;
    if (!text || !parseNumber(*text, value) || value < least || value > most)
      return Status(Code::Unavailable,
                    std::string("the environment has ") + name + " '" + text.value_or("") +
                        "', which is no whole number from " + std::to_string(least) + " to " +
                        std::to_string(most),
                    kLocal);
    return value;
  }

  /// A rank and its number of ranks, of which both or none must be set.
  Status pair(const char *rank, const char *size) const {
    for (auto [set, other] : {std::pair(rank, size), std::pair(size, rank)})
      if (has(set) && !has(other))
        return Status(Code::Unavailable,
                      std::string("the environment has ") + set + " and no " + other +
                          ": a launcher sets both",
                      kLocal);
    return Status();
  }

private:
  const Environment &environment_;
};

/// Who this process is, by the variables of one launcher.
Result<RankPlace> identity(const Variables &variables, const char *rank, const char *size,
                           const char *localRank) {
  RankPlace place;
  TPC_ASSIGN_OR_RETURN(int64_t ranks, variables.number(size, 1, kMostRanks));
  TPC_ASSIGN_OR_RETURN(int64_t mine, variables.number(rank, 0, kMostRanks));
  if (mine >= ranks)
    return Status(Code::Unavailable,
                  std::string("the environment has ") + rank + " " + std::to_string(mine) +
                      ", which does not exist with " + size + " " + std::to_string(ranks),
                  kLocal);
  place.rank = static_cast<int>(mine);
  place.size = static_cast<int>(ranks);
  if (variables.has(localRank)) {
    TPC_ASSIGN_OR_RETURN(int64_t local, variables.number(localRank, 0, ranks - 1));
    place.localRank = static_cast<int>(local);
  }
  return place;
}

/// MASTER_ADDR and MASTER_PORT; what is not set stays as it is.
Status takeMaster(const Variables &variables, RankPlace &place) {
  if (std::optional<std::string> host = variables.get("MASTER_ADDR"); host && !host->empty())
    place.host = *host;
  if (variables.has("MASTER_PORT")) {
    TPC_ASSIGN_OR_RETURN(int64_t port, variables.number("MASTER_PORT", 1, 65535));
    place.port = static_cast<uint16_t>(port);
  }
  return Status();
}

Status noMaster(const std::string &launcher, const std::string &hint) {
  return Status(Code::Unavailable,
                launcher + " started this process, and nothing says where rank 0 is: MASTER_ADDR " +
                    "and MASTER_PORT are not both set",
                hint);
}

Result<RankPlace> torchrun(const Variables &variables) {
  TPC_ASSIGN_OR_RETURN(RankPlace place, identity(variables, "RANK", "WORLD_SIZE", "LOCAL_RANK"));
  TPC_RETURN_IF_ERROR(takeMaster(variables, place));
  if (place.host.empty() || place.port == 0)
    return noMaster("a launcher that sets RANK and WORLD_SIZE", kLocal);
  // Then torchrun itself listens on MASTER_PORT.
  if (variables.get("TORCHELASTIC_USE_AGENT_STORE") == "True")
    place.port = static_cast<uint16_t>(place.port == 65535 ? place.port - 1 : place.port + 1);
  return place;
}

Result<RankPlace> slurm(const Variables &variables) {
  TPC_ASSIGN_OR_RETURN(RankPlace place,
                       identity(variables, "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"));
  for (const char *name : {"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"})
    if (std::optional<std::string> nodes = variables.get(name); nodes && place.host.empty()) {
      TPC_ASSIGN_OR_RETURN(place.host, firstHost(*nodes));
    }
  if (variables.has("SLURM_JOB_ID")) {
    TPC_ASSIGN_OR_RETURN(int64_t job, variables.number("SLURM_JOB_ID", 0, INT64_MAX / 2));
    // Below the ports that the kernel gives away, and not the same for two jobs in a row.
    place.port = static_cast<uint16_t>(20000 + job % 10000);
  }
  TPC_RETURN_IF_ERROR(takeMaster(variables, place));
  if (place.host.empty() || place.port == 0)
    return noMaster("Slurm",
                    "SLURM_JOB_NODELIST and SLURM_JOB_ID say it, too; " + std::string(kLocal));
  return place;
}

Result<RankPlace> mpirun(const Variables &variables, const char *rank, const char *size,
                         const char *localRank) {
  TPC_ASSIGN_OR_RETURN(RankPlace place, identity(variables, rank, size, localRank));
  place.port = kDefaultPort;
  TPC_RETURN_IF_ERROR(takeMaster(variables, place));
  if (place.host.empty())
    return Status(Code::Unavailable,
                  "mpirun started this process, and nothing says where rank 0 is: MASTER_ADDR is "
                  "not set",
                  "mpirun -x MASTER_ADDR=HOST -x MASTER_PORT=PORT passes it on; " +
                      std::string(kLocal));
  return place;
}

} // namespace

Environment tpc::processEnvironment() {
  return [](const char *name) -> std::optional<std::string> {
    const char *value = std::getenv(name);
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
}

Result<std::optional<RankPlace>> tpc::placeOf(const Environment &environment) {
  Variables variables(environment);
  std::pair<const char *, const char *> pairs[] = {{"RANK", "WORLD_SIZE"},
                                                   {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                                   {"PMI_RANK", "PMI_SIZE"}};
  for (auto [rank, size] : pairs)
    TPC_RETURN_IF_ERROR(variables.pair(rank, size));
  // A batch script has SLURM_NTASKS without being a task.
  if (variables.has("SLURM_PROCID"))
    TPC_RETURN_IF_ERROR(variables.pair("SLURM_PROCID", "SLURM_NTASKS"));
  // The more special one first: a launcher inside another's job inherits that one's variables.
  auto given = [](Result<RankPlace> place) -> Result<std::optional<RankPlace>> {
    if (!place.ok())
      return place.status();
    return std::optional<RankPlace>(*place);
  };
  if (variables.has("RANK"))
    return given(torchrun(variables));
  if (variables.has("OMPI_COMM_WORLD_RANK"))
    return given(mpirun(variables, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
                        "OMPI_COMM_WORLD_LOCAL_RANK"));
  // srun sets PMI's variables to the same values; Hydra's mpirun in a Slurm job to other ones.
  bool srun = variables.has("SLURM_PROCID");
  if (variables.has("PMI_RANK") &&
      (!srun || variables.get("PMI_RANK") != variables.get("SLURM_PROCID") ||
       variables.get("PMI_SIZE") != variables.get("SLURM_NTASKS")))
    return given(mpirun(variables, "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"));
  if (srun)
    return given(slurm(variables));
  return std::optional<RankPlace>();
}

Result<std::string> tpc::firstHost(std::string_view nodes) {
  Status wrong(Code::Unavailable,
               "the list of nodes '" + std::string(nodes) + "' of Slurm is not understood",
               "MASTER_ADDR names the host of rank 0");
  std::string host;
  for (size_t i = 0; i < nodes.size() && nodes[i] != ',';) {
    if (nodes[i] != '[') {
      host += nodes[i++];
      continue;
    }
    // The first number of the first range.
    size_t end = nodes.find_first_of(",-]", ++i), close = nodes.find(']', i);
    if (close == std::string_view::npos || end == i)
      return wrong;
    host += nodes.substr(i, end - i);
    i = close + 1;
  }
  if (host.empty() || host.find_first_of("]- ") == 0)
    return wrong;
  return host;
}
