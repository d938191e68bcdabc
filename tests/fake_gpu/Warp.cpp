#include "tests/fake_gpu/Warp.h"

#include "tests/fake_gpu/Block.h"

#include <algorithm>

namespace tpc::fake_gpu {

uint32_t predicateBits(const uint8_t *predicate) {
  uint32_t bits = 0;
  for (unsigned l = 0; l < warpSize; ++l)
    bits |= static_cast<uint32_t>(predicate[l] >> 7) << l;
  return bits;
}

void Warp::setMask(uint32_t lanes) {
  mask = lanes;
  full = lanes == ~0u;
  for (unsigned l = 0; l < warpSize; ++l)
    lane[l] = (lanes >> l) & 1 ? 0xff : 0;
}

void Warp::fail(const Op &op, std::string what) {
  if (!block->error.empty())
    return;
  auto [x, y, z] = block->index;
  block->error = block->launch->program->where(op) + ": block (" + std::to_string(x) + ", " +
                 std::to_string(y) + ", " + std::to_string(z) + "): " + std::move(what);
}

void Warp::reschedule() {
  auto earliest =
      std::min_element(others.begin(), others.end(), [](const Group &a, const Group &b) {
        return (a.parked ? nowhere : a.pc) < (b.parked ? nowhere : b.pc);
      });
  uint32_t lanes = mask;
  if (earliest != others.end() && !earliest->parked && earliest->pc < pc) {
    std::swap(pc, earliest->pc);
    std::swap(lanes, earliest->mask);
  }
  joinPc = nowhere;
  std::erase_if(others, [&](const Group &group) {
    if (group.parked)
      return false;
    if (group.pc != pc) {
      joinPc = std::min(joinPc, group.pc);
      return false;
    }
    lanes |= group.mask;
    return true;
  });
  setMask(lanes);
}

void Warp::branch(uint32_t taken, uint32_t target) {
  ++branches;
  if (taken == mask) {
    pc = target;
    return;
  }
  ++pc;
  if (!taken)
    return;
  others.push_back({target, taken, false});
  setMask(mask & ~taken);
  joinPc = std::min(joinPc, target);
}

bool Warp::nextGroup() {
  if (others.empty())
    return false;
  auto earliest =
      std::min_element(others.begin(), others.end(), [](const Group &a, const Group &b) {
        return a.parked != b.parked ? b.parked : a.pc < b.pc;
      });
  retrying = earliest->parked;
  Group next = *earliest;
  others.erase(earliest);
  pc = next.pc;
  setMask(next.mask);
  reschedule();
  return true;
}

void Warp::exit() {
  live &= ~mask;
  if (!nextGroup())
    done = true;
}

void Warp::park() {
  others.push_back({pc, mask, true});
  nextGroup();
}

void Warp::unparkHere() {
  uint32_t lanes = mask;
  std::erase_if(others, [&](const Group &group) {
    if (group.parked && group.pc == pc)
      lanes |= group.mask;
    return group.parked && group.pc == pc;
  });
  if (lanes != mask)
    setMask(lanes);
}

} // namespace tpc::fake_gpu
