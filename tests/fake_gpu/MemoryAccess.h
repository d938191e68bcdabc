//===- MemoryAccess.h - From the addresses of a warp to host memory ------------------------===//
#pragma once

#include "tests/fake_gpu/Block.h"
#include "tests/fake_gpu/Decoder.h"

namespace tpc::fake_gpu {

using Addresses = std::array<uint64_t, warpSize>;

/// op.a plus op.immediate for all lanes; op.c is 0 where the base has 32 bits.
void computeAddresses(Warp &warp, const Op &op, Addresses &addresses);

/// Turns the addresses of the lanes in `mask` into host addresses, after checking bounds, alignment
/// and races. False: the warp has failed.
bool resolve(Warp &warp, const Op &op, Space space, uint32_t mask, Addresses &addresses,
             unsigned bytes, bool isWrite);

} // namespace tpc::fake_gpu
