//===- GuardedAllocations.cpp - Guarded memory of a device -----------------------------------===//
#include "runtime/exec/GuardedAllocations.h"

#include "runtime/support/BFloat16.h"

#include <cstring>

using namespace tpc;

namespace {

/// Of each guard at least. A kernel that is off by some rows of a tile still hits it.
constexpr size_t kGuardBytes = 4096;
/// Alignments up to this count for libraries (CudaGemm.cpp); an allocation has it.
constexpr size_t kAddressModulus = 256;

} // namespace

Status GuardedAllocations::allocate() {
  for (const BufferCell &cell : cells_.cells()) {
    Guarded guarded;
    guarded.front = kGuardBytes + cell.begin % kAddressModulus;
    guarded.bytes = guarded.front + cell.bytes() + kGuardBytes;
    TPC_ASSIGN_OR_RETURN(void *memory, device_.allocate(guarded.bytes));
    guarded.begin = static_cast<std::byte *>(memory);
    std::byte *end = guarded.begin + guarded.front + cell.bytes();
    TPC_RETURN_IF_ERROR(fill(guarded.begin, guarded.front));
    TPC_RETURN_IF_ERROR(fill(end, kGuardBytes));
    allocations_.push_back(guarded);
  }
  return synchronize(device_);
}

Status GuardedAllocations::fill(std::byte *begin, size_t bytes) {
  // The numbers of a NaN survive conversions, as IEEE 754 advises; a guard would show it if not.
  return device_.fill(device_.stream(0), begin, bfloat16ToFloat(kPoison), DType::BF16,
                      {bytes / sizeof(kPoison)});
}

Status GuardedAllocations::poison(uint32_t cell) {
  TPC_RETURN_IF_ERROR(fill(data(cell), cells_.cells()[cell].bytes()));
  // Nothing orders it with the instructions of other streams.
  return synchronize(device_);
}

Result<bool> GuardedAllocations::isIntact(uint32_t cell) const {
  const Guarded &guarded = allocations_[cell];
  const size_t back = guarded.front + cells_.cells()[cell].bytes();
  std::vector<std::byte> bytes;
  auto isPoison = [&](size_t begin, size_t end) -> Result<bool> {
    bytes.resize(end - begin);
    TPC_RETURN_IF_ERROR(device_.download(guarded.begin + begin, bytes.data(), bytes.size()));
    for (size_t i = 0; i + 1 < bytes.size(); i += sizeof(kPoison))
      if (std::memcmp(&bytes[i], &kPoison, sizeof(kPoison)) != 0)
        return false;
    return true;
  };
  TPC_ASSIGN_OR_RETURN(bool front, isPoison(0, guarded.front));
  return front ? isPoison(back, guarded.bytes) : Result<bool>(false);
}

Status GuardedAllocations::endStep(const plan::Entry &, int64_t) {
  for (uint32_t b = 0; b < plan_->buffers()->size(); ++b) {
    TPC_ASSIGN_OR_RETURN(bool intact, isIntact(cells_.cellOf(b)));
    if (!intact)
      return Status(Code::RankFailed,
                    "an instruction without buffer '" + plan_.buffer(b).name()->str() +
                        "' among its operands wrote next to it",
                    "compute-sanitizer of the CUDA toolkit finds which one");
  }
  return Status();
}
