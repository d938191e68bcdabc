//===- Program.h - A function decoded for execution ----------------------------------------===//
//
// A PTX instruction becomes one or more ops; an op is a function over the 32 lanes of a warp and
// the places of its operands. A register holds its 32 lanes side by side, so that most ops are one
// vectorised loop. Immediates lie among the registers, as registers that nobody writes.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "tests/fake_gpu/PtxSyntax.h"

#include <limits>

namespace tpc::fake_gpu {

constexpr unsigned warpSize = 32;
constexpr uint32_t nowhere = std::numeric_limits<uint32_t>::max();

struct Warp;

/// Where memory accesses go; Generic is decided by the address.
enum class Space : uint8_t { Global, Shared, Local, Const, Param, Generic };

/// Windows of the generic address space; everything else is global and is a host address.
constexpr uint64_t sharedWindow = uint64_t{0xF0} << 56;
constexpr uint64_t localWindow = uint64_t{0xE0} << 56;
constexpr uint64_t windowMask = uint64_t{0xFF} << 56;
/// Shared addresses begin behind the 1024 bytes that sm_90 keeps for itself.
constexpr uint64_t firstSharedAddress = 1024;
/// Shared memory that one block can have on sm_90, and what it gets without asking.
constexpr uint32_t maximalShared = 227 * 1024, ordinaryShared = 48 * 1024;
constexpr uint32_t maximalThreadsPerBlock = 1024;

struct Op {
  using Run = void (*)(Warp &, const Op &);
  enum class Kind : uint8_t {
    Pure,        ///< only registers: cannot fail
    Checked,     ///< may fail
    Branch,      ///< to `target` where the guard holds
    IndexBranch, ///< to targets[a]
    Exit,
    WarpSync, ///< waits for the lanes of the member mask in `sync`, then runs
    Barrier,  ///< waits for all threads of the block
    Trap,
  };
  Run run = nullptr;
  Kind kind = Kind::Pure;
  bool first = true; ///< of its instruction: counted
  bool approximate = false;
  bool guardNegated = false;
  uint8_t count = 1; ///< elements of a vector access
  uint8_t bytes = 0; ///< of one element
  bool isLoad = false, isStore = false, isAtomic = false;
  bool isNonCoherent = false; ///< a load of what no thread of the launch may write
  Space space = Space::Global;
  uint32_t guard = nowhere;                                    ///< place of a predicate
  uint32_t d = nowhere, a = nowhere, b = nowhere, c = nowhere; ///< places
  uint32_t sync = nowhere; ///< place of a member mask; nowhere: all lanes of the warp
  uint32_t target = 0;     ///< op index
  uint32_t index = 0;      ///< of this op
  uint64_t immediate = 0;
  std::array<uint32_t, 8> vector{}; ///< places of a vector's elements
  uint32_t instruction = 0;         ///< index into Function::instructions
};

enum class SpecialRegister : uint8_t {
  TidX,
  TidY,
  TidZ,
  NtidX,
  NtidY,
  NtidZ,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  LaneId,
  WarpId,
  NWarpId,
  LaneMaskEq,
  LaneMaskLe,
  LaneMaskLt,
  LaneMaskGe,
  LaneMaskGt,
  DynamicSharedSize,
  TotalSharedSize,
};

struct Program {
  Function function;
  std::vector<Op> ops;
  std::vector<std::vector<uint32_t>> branchTables;
  std::vector<uint8_t> constants; ///< what begins at constantsAt
  uint32_t constantsAt = 0, registerBytes = 0;
  std::vector<std::pair<SpecialRegister, uint32_t>> specials; ///< and their places
  uint32_t carry = nowhere;                                   ///< place of the carry flag
  uint64_t parameterBytes = 0, staticShared = 0, localBytes = 0;
  /// The narrowest accesses to shared and to global memory, in bytes.
  unsigned sharedGranule = 16, globalGranule = 16;

  /// "ptx line 12, `add.s32`".
  std::string where(const Op &op) const;
};

/// `variables` are those of the module, whose offset is a host address (Const, Global) or the
/// offset in shared memory.
Result<Program> decode(const Function &function, const std::vector<Variable> &variables);

} // namespace tpc::fake_gpu
