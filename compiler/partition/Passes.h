//===- Passes.h - Partition and proof as passes --------------------------------------------===//
#pragma once

namespace tpc {

/// tpc-partition: level `sharded` to `local`, proved against the module that it was given.
/// tpc-prove: a local module (or, with `grad`, a sharded one) against the file it was made of.
void registerTpcPartitionPasses();

} // namespace tpc
