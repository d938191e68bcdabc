#include "tests/fake_gpu/PtxModule.h"

#include "tests/fake_gpu/Block.h"
#include "tests/fake_gpu/Integers.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <thread>

namespace tpc::fake_gpu {
namespace {

Status invalid(std::string what) { return Status(Code::InvalidInput, std::move(what)); }

const char *spaceName(Space space) {
  switch (space) {
  case Space::Global:
    return "global";
  case Space::Shared:
    return "shared";
  case Space::Local:
    return "local";
  case Space::Const:
    return "const";
  default:
    return "generic";
  }
}

uint64_t product(const std::array<uint32_t, 3> &sizes) {
  return uint64_t{sizes[0]} * sizes[1] * sizes[2];
}

Status checkShape(const FunctionInfo &info, const LaunchShape &shape) {
  uint64_t threads = product(shape.block);
  if (threads == 0 || threads > info.maximalThreads || shape.block[2] > 64)
    return invalid("a block of " + std::to_string(threads) + " threads, where 1 to " +
                   std::to_string(info.maximalThreads) + " are possible");
  if (product(shape.grid) == 0 || shape.grid[0] > 0x7fffffff || shape.grid[1] > 65535 ||
      shape.grid[2] > 65535)
    return invalid("a grid of " + std::to_string(shape.grid[0]) + " x " +
                   std::to_string(shape.grid[1]) + " x " + std::to_string(shape.grid[2]) +
                   " blocks");
  if (info.staticShared > ordinaryShared || info.staticShared + shape.sharedBytes > maximalShared)
    return invalid(std::to_string(info.staticShared + shape.sharedBytes) +
                   " bytes of shared memory, where a block can have " +
                   std::to_string(maximalShared) + ", " + std::to_string(ordinaryShared) +
                   " of them static");
  return {};
}

/// Blocks of a launch in an order that the seed chooses: i -> (i * factor + start) mod count.
class BlockOrder {
public:
  BlockOrder(uint64_t count, uint64_t seed) : count_(count) {
    if (!seed)
      return;
    start_ = seed * 0x9e3779b97f4a7c15 % count;
    factor_ = std::max<uint64_t>(seed * 0xbf58476d1ce4e5b9 % count, 1);
    while (std::gcd(factor_, count) != 1)
      ++factor_;
  }
  uint64_t operator()(uint64_t i) const {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(i) * factor_ + start_) % count_);
  }

private:
  uint64_t count_, factor_ = 1, start_ = 0;
};

/// Runs all blocks; counts per op, and the error of the first block (in order) that failed.
class GridRun {
public:
  GridRun(const LaunchContext &context, const LaunchOptions &options)
      : context_(context), order_(product(context.grid), options.blockOrder),
        counts_(context.program->ops.size()) {
    uint64_t hosts = options.hostThreads ? options.hostThreads
                                         : std::max(1u, std::thread::hardware_concurrency());
    hosts = std::min(hosts, product(context.grid));
    std::vector<std::thread> threads;
    for (uint64_t i = 1; i < hosts; ++i)
      threads.emplace_back([this] { work(); });
    work();
    for (std::thread &thread : threads)
      thread.join();
  }

  const std::string &error() const { return error_; }
  const std::vector<uint64_t> &counts() const { return counts_; }

private:
  void work() {
    BlockRunner runner(context_);
    uint64_t total = product(context_.grid);
    uint32_t x = context_.grid[0], y = context_.grid[1];
    for (uint64_t i = next_++; i < total && !failed_; i = next_++) {
      uint64_t block = order_(i);
      std::array<uint32_t, 3> index{static_cast<uint32_t>(block % x),
                                    static_cast<uint32_t>(block / x % y),
                                    static_cast<uint32_t>(block / x / y)};
      if (runner.run(index))
        continue;
      failed_ = true;
      std::lock_guard lock(mutex_);
      if (i < firstFailed_) {
        firstFailed_ = i;
        error_ = runner.error();
      }
    }
    std::lock_guard lock(mutex_);
    for (size_t i = 0; i < counts_.size(); ++i)
      counts_[i] += runner.counts()[i];
  }

  const LaunchContext &context_;
  BlockOrder order_;
  std::atomic<uint64_t> next_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;
  uint64_t firstFailed_ = ~uint64_t{0};
  std::string error_;
  std::vector<uint64_t> counts_;
};

Statistics statisticsOf(const Program &program, const std::vector<uint64_t> &counts) {
  Statistics statistics;
  for (const Op &op : program.ops) {
    uint64_t count = counts[op.index];
    if (!count)
      continue;
    if (op.first)
      statistics.instructions += count;
    if (op.approximate)
      statistics.approximate += count;
    unsigned bytes = op.count * op.bytes;
    if (op.isLoad)
      statistics.loads[{spaceName(op.space), bytes}] += count;
    if (op.isStore)
      statistics.stores[{spaceName(op.space), bytes}] += count;
  }
  return statistics;
}

} // namespace

struct PtxModule::Entry {
  Program program;
  FunctionInfo info;
};

PtxModule::PtxModule() = default;
PtxModule::PtxModule(PtxModule &&) = default;
PtxModule &PtxModule::operator=(PtxModule &&) = default;
PtxModule::~PtxModule() = default;

void Statistics::add(const Statistics &other) {
  instructions += other.instructions;
  approximate += other.approximate;
  for (auto &[key, count] : other.loads)
    loads[key] += count;
  for (auto &[key, count] : other.stores)
    stores[key] += count;
}

Status PtxModule::layOutVariables(std::vector<Variable> variables) {
  uint64_t shared = 0;
  for (Variable &variable : variables) {
    switch (variable.space) {
    case Variable::Space::Shared:
      shared = alignTo(shared, variable.align);
      variable.offset = shared;
      shared += variable.size;
      break;
    case Variable::Space::Const:
    case Variable::Space::Global: {
      // 64 bytes more than needed, to begin on a multiple of 64.
      storage_.push_back(std::make_unique<uint64_t[]>(variable.size / 8 + 9));
      auto address = (reinterpret_cast<uint64_t>(storage_.back().get()) + 63) / 64 * 64;
      variable.offset = address;
      std::copy(variable.data.begin(), variable.data.end(), reinterpret_cast<uint8_t *>(address));
      break;
    }
    case Variable::Space::DynamicShared:
      break;
    default:
      return invalid("variable '" + variable.name + "' stands outside of a function");
    }
  }
  variables_ = std::move(variables);
  return {};
}

Result<PtxModule> PtxModule::parse(std::string_view text) {
  TPC_ASSIGN_OR_RETURN(SyntaxTree tree, parsePtx(text));
  PtxModule module;
  module.version_ = tree.version;
  TPC_RETURN_IF_ERROR(module.layOutVariables(std::move(tree.variables)));
  // PTX ISA, "Kernel Function Parameters".
  const uint64_t mostParameterBytes = tree.version >= 81 ? 32764 : 4352;
  for (const Function &function : tree.functions) {
    TPC_ASSIGN_OR_RETURN(Program program, decode(function, module.variables_));
    if (program.parameterBytes > mostParameterBytes)
      return invalid("function '" + function.name + "' has " +
                     std::to_string(program.parameterBytes) + " bytes of parameters, and PTX " +
                     std::to_string(tree.version / 10) + "." + std::to_string(tree.version % 10) +
                     " takes at most " + std::to_string(mostParameterBytes));
    FunctionInfo info;
    for (auto &threads : {function.maximalThreads, function.requiredThreads})
      if (threads[0]) {
        info.isBounded = true;
        info.maximalThreads =
            static_cast<uint32_t>(std::min<uint64_t>(product(threads), maximalThreadsPerBlock));
      }
    info.staticShared = static_cast<uint32_t>(program.staticShared);
    info.localBytes = static_cast<uint32_t>(program.localBytes);
    for (const Variable &parameter : function.params)
      info.parameterSizes.push_back(parameter.size);
    if (!module.entries_.emplace(function.name, Entry{std::move(program), std::move(info)}).second)
      return invalid("function '" + function.name + "' stands twice");
  }
  return module;
}

std::vector<std::string> PtxModule::functions() const {
  std::vector<std::string> names;
  for (auto &[name, entry] : entries_)
    names.push_back(name);
  return names;
}

const FunctionInfo *PtxModule::find(const std::string &function) const {
  auto found = entries_.find(function);
  return found == entries_.end() ? nullptr : &found->second.info;
}

Result<Statistics> PtxModule::launch(const std::string &function, const LaunchShape &shape,
                                     void *const *parameters, const MemoryMap &memory,
                                     const LaunchOptions &options) const {
  auto found = entries_.find(function);
  if (found == entries_.end())
    return invalid("the module has no function '" + function + "'");
  const Program &program = found->second.program;
  Status shapeStatus = checkShape(found->second.info, shape);
  if (!shapeStatus.ok())
    return std::move(shapeStatus).withContext(function);
  auto required = program.function.requiredThreads;
  if (required[0] && required != shape.block)
    return invalid(function + ": .reqntid asks for other blocks");
  std::vector<uint8_t> bytes(program.parameterBytes);
  for (size_t i = 0; i < program.function.params.size(); ++i) {
    const Variable &parameter = program.function.params[i];
    std::memcpy(bytes.data() + parameter.offset, parameters[i], parameter.size);
  }
  MemoryMap all = memory;
  for (const Variable &variable : variables_)
    if (variable.space == Variable::Space::Const || variable.space == Variable::Space::Global)
      all.add(reinterpret_cast<void *>(variable.offset), variable.size, variable.name,
              variable.space == Variable::Space::Global);
  LaunchContext context;
  context.program = &program;
  context.memory = &all;
  context.parameters = bytes.data();
  context.grid = shape.grid;
  context.block = shape.block;
  // Dynamic shared memory begins on a multiple of 16 behind the static.
  context.sharedBytes =
      static_cast<uint32_t>(program.staticShared + 15) / 16 * 16 + shape.sharedBytes;
  context.dynamicShared = shape.sharedBytes;
  context.checkShared = options.checkShared;
  context.branchLimit = options.branchLimit;
  context.reverseWarps = options.blockOrder & 1;
  std::optional<GlobalAccesses> accesses;
  using GlobalRaces = LaunchOptions::GlobalRaces;
  if (options.globalRaces != GlobalRaces::None)
    context.accesses =
        &accesses.emplace(all, program.globalGranule, options.globalRaces == GlobalRaces::All);
  GridRun run(context, options);
  if (!run.error().empty())
    return invalid(function + ": " + run.error());
  return statisticsOf(program, run.counts());
}

Result<Statistics> PtxModule::launchChecked(const std::string &function, const LaunchShape &shape,
                                            void *const *parameters, std::vector<size_t> sizes,
                                            const MemoryMap &memory) const {
  if (const FunctionInfo *info = find(function); info && info->parameterSizes != sizes)
    return invalid(function + ": the parameters have other sizes");
  return launch(function, shape, parameters, memory);
}

} // namespace tpc::fake_gpu
