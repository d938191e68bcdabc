//===- GuardFault.h - Says which buffer a fault missed ----------------------------------------===//
//
// Touching a page between buffers ends the process by SIGSEGV. Before it does, this tells which
// rank and instruction it was, and next to which buffer.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <atomic>
#include <cstddef>

namespace tpc {

/// One rank's guarded memory, as a signal handler can look at it.
class GuardedRange {
public:
  virtual ~GuardedRange() = default;
  /// If the address lies in this memory: writes what happened and returns true. Called in a signal
  /// handler, while other threads may run.
  virtual bool explain(const void *address, char *message, size_t size) const = 0;
};

/// Explains faults in `range` for as long as it lives.
class GuardFaultScope {
public:
  explicit GuardFaultScope(const GuardedRange *range);
  ~GuardFaultScope();
  GuardFaultScope(const GuardFaultScope &) = delete;

private:
  std::atomic<const GuardedRange *> *slot_ = nullptr; ///< null: there was no room
};

} // namespace tpc
