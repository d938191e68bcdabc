#include "tests/fake_gpu/Block.h"

#include <algorithm>
#include <cstdlib>

namespace tpc::fake_gpu {
namespace {

std::string lanesText(uint32_t lanes) {
  std::string text;
  forEachLane(lanes, [&](unsigned l) { text += (text.empty() ? "" : ", ") + std::to_string(l); });
  return text;
}

/// The lanes that run wait for others, and nobody is left to run.
void failStuck(Warp &warp, const Op &op, uint32_t members) {
  const Program &program = *warp.block->launch->program;
  std::string what = "lanes " + lanesText(warp.mask) + " of the warp of thread " +
                     std::to_string(warp.firstThread) + " wait for lanes " +
                     lanesText(members & ~warp.mask) + " that never come:";
  if (uint32_t exited = members & ~warp.live)
    what += " " + lanesText(exited) + " have exited";
  for (const Warp::Group &group : warp.others)
    if (group.mask & members)
      what += " " + lanesText(group.mask) + " wait at " + program.where(program.ops[group.pc]);
  warp.fail(op, what);
}

/// The lanes that must stand here before the op can run.
bool membersOf(Warp &warp, const Op &op, uint32_t &members) {
  members = warp.live;
  if (op.sync == nowhere)
    return true;
  const uint32_t *masks = warp.at<uint32_t>(op.sync);
  members = masks[std::countr_zero(warp.mask)];
  bool equal = true;
  forEachLane(warp.mask, [&](unsigned l) { equal = equal && masks[l] == members; });
  if (!equal || (warp.mask & ~members)) {
    warp.fail(op, equal ? "lanes " + lanesText(warp.mask & ~members) +
                              " execute it without being in their member mask"
                        : std::string("its lanes disagree on the member mask"));
    return false;
  }
  return true;
}

/// True if the op can run now. Else the lanes are parked or the block has failed.
bool synchronise(Warp &warp, const Op &op) {
  if (op.guard != nowhere) {
    uint32_t holds = predicateBits(warp.at<uint8_t>(op.guard));
    if (op.guardNegated)
      holds = ~holds;
    if (!(holds & warp.mask)) {
      ++warp.pc;
      return false;
    }
    if ((holds & warp.mask) != warp.mask) {
      warp.fail(op, "its guard holds for some lanes only");
      return false;
    }
  }
  warp.unparkHere();
  uint32_t members;
  if (!membersOf(warp, op, members))
    return false;
  if (warp.mask == members) {
    warp.retrying = false;
    return true;
  }
  if (warp.retrying || warp.others.empty())
    failStuck(warp, op, members);
  else
    warp.park();
  return false;
}

uint32_t guardBits(Warp &warp, const Op &op) {
  if (op.guard == nowhere)
    return warp.mask;
  uint32_t bits = predicateBits(warp.at<uint8_t>(op.guard));
  return warp.mask & (op.guardNegated ? ~bits : bits);
}

void runGuarded(Warp &warp, const Op &op) {
  uint32_t all = warp.mask, holds = guardBits(warp, op);
  if (!holds)
    return;
  warp.setMask(holds);
  op.run(warp, op);
  warp.setMask(all);
}

/// brx.idx: each index that the lanes name is one branch.
void branchByIndex(Warp &warp, const Op &op, const std::vector<uint32_t> &table) {
  const uint32_t *indices = warp.at<uint32_t>(op.a);
  uint32_t index = indices[std::countr_zero(warp.mask)], same = 0;
  forEachLane(warp.mask, [&](unsigned l) { same |= indices[l] == index ? 1u << l : 0; });
  if (index >= table.size())
    return warp.fail(op, "index " + std::to_string(index) + " of a table of " +
                             std::to_string(table.size()));
  uint32_t here = warp.pc;
  warp.branch(same, table[index]);
  if (warp.pc == here + 1 && warp.mask && !(same & warp.mask)) // the rest decides again
    warp.pc = here;
}

} // namespace

void BlockRunner::Free::operator()(uint8_t *data) const { std::free(data); }

BlockRunner::BlockRunner(const LaunchContext &launch) : launch_(launch) {
  const Program &program = *launch.program;
  uint32_t threads = launch.block[0] * launch.block[1] * launch.block[2];
  warps_.resize((threads + warpSize - 1) / warpSize);
  state_.launch = &launch;
  state_.shared.allocate(launch.sharedBytes, program.sharedGranule);
  state_.local.resize(program.localBytes * warps_.size() * warpSize);
  state_.lastRange.resize(program.ops.size());
  counts_.resize(program.ops.size());
  size_t bytes = (size_t{program.registerBytes} + 63) / 64 * 64;
  registers_.reset(static_cast<uint8_t *>(std::aligned_alloc(64, bytes * warps_.size())));
  for (size_t i = 0; i < warps_.size(); ++i) {
    Warp &warp = warps_[i];
    warp.block = &state_;
    warp.registers = registers_.get() + i * bytes;
    warp.firstThread = static_cast<uint32_t>(i * warpSize);
    std::copy(program.constants.begin(), program.constants.end(),
              warp.registers + program.constantsAt);
  }
}

void BlockRunner::start(Warp &warp) {
  uint32_t threads = launch_.block[0] * launch_.block[1] * launch_.block[2];
  uint32_t lanes = std::min(threads - warp.firstThread, warpSize);
  // What a register holds before it is written depends on nothing that ran before.
  std::memset(warp.registers, 0xcc, launch_.program->constantsAt);
  warp.live = lanes == warpSize ? ~0u : (1u << lanes) - 1;
  warp.setMask(warp.live);
  warp.others.clear();
  warp.copies.clear();
  warp.pc = warp.syncs = warp.openGroup = 0;
  warp.branches = 0;
  warp.joinPc = nowhere;
  warp.retrying = warp.done = false;
  setSpecials(warp);
}

void BlockRunner::setSpecials(Warp &warp) {
  for (auto [which, place] : launch_.program->specials) {
    uint32_t *out = warp.at<uint32_t>(place);
    for (unsigned l = 0; l < warpSize; ++l) {
      uint32_t thread = warp.firstThread + l;
      uint32_t x = launch_.block[0], y = launch_.block[1];
      auto which3 = [&](SpecialRegister first) {
        return static_cast<size_t>(which) - static_cast<size_t>(first);
      };
      switch (which) {
      case SpecialRegister::TidX:
        out[l] = thread % x;
        break;
      case SpecialRegister::TidY:
        out[l] = thread / x % y;
        break;
      case SpecialRegister::TidZ:
        out[l] = thread / x / y;
        break;
      case SpecialRegister::NtidX:
      case SpecialRegister::NtidY:
      case SpecialRegister::NtidZ:
        out[l] = launch_.block[which3(SpecialRegister::NtidX)];
        break;
      case SpecialRegister::CtaidX:
      case SpecialRegister::CtaidY:
      case SpecialRegister::CtaidZ:
        out[l] = state_.index[which3(SpecialRegister::CtaidX)];
        break;
      case SpecialRegister::NctaidX:
      case SpecialRegister::NctaidY:
      case SpecialRegister::NctaidZ:
        out[l] = launch_.grid[which3(SpecialRegister::NctaidX)];
        break;
      case SpecialRegister::LaneId:
        out[l] = l;
        break;
      case SpecialRegister::WarpId:
        out[l] = warp.firstThread / warpSize;
        break;
      case SpecialRegister::NWarpId:
        out[l] = static_cast<uint32_t>(warps_.size());
        break;
      case SpecialRegister::LaneMaskEq:
        out[l] = 1u << l;
        break;
      case SpecialRegister::LaneMaskLt:
        out[l] = (1u << l) - 1;
        break;
      case SpecialRegister::LaneMaskLe:
        out[l] = ((1u << l) - 1) | (1u << l);
        break;
      case SpecialRegister::LaneMaskGe:
        out[l] = ~((1u << l) - 1);
        break;
      case SpecialRegister::LaneMaskGt:
        out[l] = ~(((1u << l) - 1) | (1u << l));
        break;
      case SpecialRegister::DynamicSharedSize:
        out[l] = launch_.dynamicShared;
        break;
      case SpecialRegister::TotalSharedSize:
        out[l] = launch_.sharedBytes;
        break;
      }
    }
  }
}

void BlockRunner::runWarp(Warp &warp) {
  const Program &program = *launch_.program;
  while (!warp.done && state_.error.empty()) {
    if (warp.pc >= warp.joinPc)
      warp.reschedule();
    const Op &op = program.ops[warp.pc];
    counts_[warp.pc] += std::popcount(warp.mask);
    switch (op.kind) {
    case Op::Kind::Pure:
    case Op::Kind::Checked:
      if (op.guard == nowhere)
        op.run(warp, op);
      else
        runGuarded(warp, op);
      ++warp.pc;
      break;
    case Op::Kind::Branch:
      warp.branch(guardBits(warp, op), op.target);
      if (warp.branches > launch_.branchLimit)
        warp.fail(op, "more than " + std::to_string(launch_.branchLimit) + " branches: endless?");
      break;
    case Op::Kind::IndexBranch:
      branchByIndex(warp, op, program.branchTables[op.target]);
      break;
    case Op::Kind::Exit: {
      uint32_t all = warp.mask, leaving = guardBits(warp, op);
      ++warp.pc;
      if (leaving == all) {
        warp.exit();
      } else {
        warp.live &= ~leaving;
        warp.setMask(all & ~leaving);
      }
      break;
    }
    case Op::Kind::WarpSync:
    case Op::Kind::Barrier:
      counts_[warp.pc] -= std::popcount(warp.mask); // counted when it runs
      if (!synchronise(warp, op))
        break;
      counts_[warp.pc++] += std::popcount(warp.mask);
      if (op.kind == Op::Kind::WarpSync) {
        op.run(warp, op);
        break;
      }
      warp.barrierId = op.immediate;
      return;
    case Op::Kind::Trap:
      if (guardBits(warp, op))
        warp.fail(op, "the kernel gave up");
      ++warp.pc;
      break;
    }
  }
}

bool BlockRunner::releaseBarrier() {
  const Warp *first = nullptr;
  for (const Warp &warp : warps_) {
    if (warp.done)
      continue;
    if (first && warp.barrierId != first->barrierId) {
      const Program &program = *launch_.program;
      Warp &other = warps_[&warp - warps_.data()];
      other.fail(program.ops[warp.pc - 1], "warps wait at different barriers, the other at " +
                                               program.where(program.ops[first->pc - 1]));
      return false;
    }
    first = &warp;
  }
  if (!first)
    return false;
  state_.shared.barrier();
  return true;
}

bool BlockRunner::run(std::array<uint32_t, 3> index) {
  state_.index = index;
  state_.linearIndex =
      index[0] + uint64_t{launch_.grid[0]} * (index[1] + uint64_t{launch_.grid[1]} * index[2]);
  state_.shared.beginBlock();
  std::fill(state_.local.begin(), state_.local.end(), uint8_t{0xcc});
  for (Warp &warp : warps_)
    start(warp);
  do
    for (size_t i = 0; i < warps_.size(); ++i)
      runWarp(warps_[launch_.reverseWarps ? warps_.size() - 1 - i : i]);
  while (state_.error.empty() && releaseBarrier());
  return state_.error.empty();
}

} // namespace tpc::fake_gpu
