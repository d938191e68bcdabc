//===- Rounding.h - Directed rounding on the host ------------------------------------------===//
#pragma once

#include "tests/fake_gpu/Decoder.h"

#include <cfenv>

namespace tpc::fake_gpu {

/// Takes .rn, .rz, .rm or .rp (nearest without): a rounding mode of <cfenv>, where FE_TONEAREST is
/// 0.
inline int takeRounding(Modifiers &modifiers) {
  static_assert(FE_TONEAREST == 0);
  if (modifiers.take("rz"))
    return FE_TOWARDZERO;
  if (modifiers.take("rm"))
    return FE_DOWNWARD;
  if (modifiers.take("rp"))
    return FE_UPWARD;
  modifiers.take("rn");
  return FE_TONEAREST;
}

/// Operands and results lie in memory: what the barriers hold apart is computed in this mode.
class RoundingScope {
public:
  explicit RoundingScope(int mode) {
    std::fesetround(mode);
    asm volatile("" ::: "memory");
  }
  ~RoundingScope() {
    asm volatile("" ::: "memory");
    std::fesetround(FE_TONEAREST);
  }
  RoundingScope(const RoundingScope &) = delete;
  RoundingScope &operator=(const RoundingScope &) = delete;
};

} // namespace tpc::fake_gpu
