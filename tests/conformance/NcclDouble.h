//===- NcclDouble.h - NCCL's interface over threads and host memory --------------------------===//
//
// Stands in for NCCL where there is no GPU, so that everything on our side of its interface is
// executed: non-blocking calls that are finished later and take no other call until then, groups,
// splits that say they are done at once, errors that show only when asked for, aborts. Data is
// reduced as the communicator `local` does it. Ranks are threads of one process; in several
// processes nobody ever comes, and everything stays in progress.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/nccl/NcclApi.h"

namespace tpc::test {

/// What goes wrong, for all groups that are made while it is set.
struct NcclDoubleFaults {
  int failInitOfRank = -1;
  int failSplitOfRank = -1;
  int failCollectiveOfRank = -1;
};
void setNcclDoubleFaults(const NcclDoubleFaults &faults);

const nccl::NcclApi &doubleOfNccl();

/// Communicators that were made and neither destroyed nor aborted.
int livingNcclDoubles();

} // namespace tpc::test
