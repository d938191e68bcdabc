//===- PtxModule.h - PTX executed on the host ----------------------------------------------===//
//
// A stand-in for a GPU in tests: parses PTX and executes its `.entry` functions on host memory, 32
// lanes at a time. Arithmetic is IEEE as PTX says. What would be wrong or not repeatable on a GPU
// is an error that names the line and the thread: accesses outside of the given memory, misaligned
// ones, races between threads that nothing orders, reads of shared memory that nobody wrote, lanes
// that wait for lanes that never come, atomics whose result depends on their order. An instruction
// that is not known is an error of `parse`.
//
// Not modelled: time, caches, clusters, calls. Approximate instructions (ex2.approx and so on) give
// the correctly rounded value, and are counted. mma.sync adds in float64 and rounds once.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"
#include "tests/fake_gpu/MemoryMap.h"

#include <array>
#include <map>
#include <memory>
#include <string_view>

namespace tpc::fake_gpu {

struct Program;
struct Variable;

struct LaunchShape {
  std::array<uint32_t, 3> grid{1, 1, 1}, block{1, 1, 1};
  uint32_t sharedBytes = 0; ///< dynamic
};

struct LaunchOptions {
  unsigned hostThreads = 0; ///< 0: as many as the machine has
  bool checkShared = true;  ///< find races and uninitialised reads of shared memory
  /// Which races of global memory are errors. A read may race where nobody uses what it read: lanes
  /// behind the end that read the last row do. Another order of blocks shows whether somebody does.
  /// All also finds reads by .nc of what the launch wrote before, in whatever order.
  enum class GlobalRaces { None, Writes, All };
  GlobalRaces globalRaces = GlobalRaces::Writes;
  /// 0: blocks in ascending order; else a seed for another order. Odd seeds also run the last warp
  /// of a block first.
  uint64_t blockOrder = 0;
  uint64_t branchLimit = uint64_t{1} << 32; ///< of one warp: more is taken for an endless loop
};

struct Statistics {
  uint64_t instructions = 0; ///< of all threads
  uint64_t approximate = 0;  ///< of these: approximations
  /// Accesses of all threads, by "global", "shared", "local", "const", "generic" and their bytes.
  std::map<std::pair<std::string, unsigned>, uint64_t> loads, stores;
  void add(const Statistics &other);
};

struct FunctionInfo {
  uint32_t maximalThreads = 1024; ///< of a block, by .maxntid or .reqntid
  bool isBounded = false;         ///< there is one of them
  uint32_t staticShared = 0, localBytes = 0;
  std::vector<size_t> parameterSizes; ///< in bytes, in order
};

class PtxModule {
public:
  static Result<PtxModule> parse(std::string_view text);
  PtxModule(PtxModule &&);
  PtxModule &operator=(PtxModule &&);
  ~PtxModule();

  /// Of the language: 81 of 8.1; 0 if the text says none.
  unsigned version() const { return version_; }
  std::vector<std::string> functions() const;
  /// Null if there is none.
  const FunctionInfo *find(const std::string &function) const;

  /// `parameters` point to the values, as cuLaunchKernel wants them. `memory` is all that the
  /// kernel may touch, besides the module's own variables. Blocks write disjoint bytes: they run on
  /// several host threads.
  Result<Statistics> launch(const std::string &function, const LaunchShape &shape,
                            void *const *parameters, const MemoryMap &memory,
                            const LaunchOptions &options = {}) const;

  /// The same with the values themselves: pointers and numbers of the declared sizes.
  template <class... T>
  Result<Statistics> launch(const std::string &function, const LaunchShape &shape,
                            const MemoryMap &memory, T... values) const {
    void *parameters[sizeof...(T) + 1] = {&values..., nullptr};
    return launchChecked(function, shape, parameters, {sizeof(T)...}, memory);
  }

private:
  PtxModule();
  Result<Statistics> launchChecked(const std::string &function, const LaunchShape &shape,
                                   void *const *parameters, std::vector<size_t> sizes,
                                   const MemoryMap &memory) const;
  Status layOutVariables(std::vector<Variable> variables);

  struct Entry;
  unsigned version_ = 0;
  std::map<std::string, Entry> entries_;
  std::vector<Variable> variables_;
  std::vector<std::unique_ptr<uint64_t[]>> storage_;
};

} // namespace tpc::fake_gpu
