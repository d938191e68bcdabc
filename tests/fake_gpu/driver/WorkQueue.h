//===- WorkQueue.h - Work in the order of streams and events, and in no other --------------===//
#pragma once

#include <cuda.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace tpc::fake_gpu {

/// What one command does: "" or what went wrong, with the error that the driver then gives; or it
/// never ends.
struct Outcome {
  CUresult result = CUDA_SUCCESS;
  std::string message = {};
  bool hangs = false; ///< of a queue: all that is left waits for what hangs
};
using Work = std::function<Outcome()>;

struct Command {
  std::string name;
  Work work; ///< or none: a point in time
  unsigned stream = 0;
  std::vector<std::shared_ptr<Command>> after;
  bool done = false, hangs = false;
  double finished = 0; ///< seconds
};
using CommandPtr = std::shared_ptr<Command>;

/// Nothing runs until somebody waits. Then commands run one at a time, each after those that it
/// must run after, in an order that the rest of the program must not rely on.
class WorkQueue {
public:
  explicit WorkQueue(uint64_t order) { setOrder(order); }

  void setOrder(uint64_t order);
  uint64_t order() const { return order_; }
  void add(CommandPtr command) { pending_.push_back(std::move(command)); }
  /// Runs commands until `command` is done (all, without one). The first failure ends it: what is
  /// left is dropped. What hangs ends it, too, once nothing else can run.
  Outcome wait(const CommandPtr &command = nullptr);
  /// Runs one command, if there is one.
  Outcome step();
  bool idle() const { return pending_.empty(); }
  /// What hangs is done, without effect.
  void endHang();

private:
  /// Of those that are pending, or their number if none can run.
  size_t choose();
  void drop();

  std::vector<CommandPtr> pending_;
  uint64_t order_ = 1;
  std::mt19937_64 random_;
};

double secondsNow();

} // namespace tpc::fake_gpu
