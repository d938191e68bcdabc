//===- GuardFault.cpp - Says which buffer a fault missed --------------------------------------===//

#include "runtime/exec/GuardFault.h"

#include <array>
#include <csignal>
#include <cstring>
#include <mutex>
#include <unistd.h>

using namespace tpc;

namespace {

/// Ranks beyond these are guarded all the same; their faults are not explained.
std::array<std::atomic<const GuardedRange *>, 256> ranges;

void handleFault(int signal, siginfo_t *info, void *) {
  char message[512];
  for (const std::atomic<const GuardedRange *> &slot : ranges)
    if (const GuardedRange *range = slot.load())
      if (range->explain(info->si_addr, message, sizeof(message))) {
        ssize_t written = write(STDERR_FILENO, message, strlen(message));
        static_cast<void>(written); // there is nobody left to tell
        break;
      }
  // Returning runs the faulting access again, which now ends the process as it would have.
  std::signal(signal, SIG_DFL);
}

void installHandler() {
  struct sigaction action = {};
  action.sa_sigaction = handleFault;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, nullptr);
}

} // namespace

GuardFaultScope::GuardFaultScope(const GuardedRange *range) {
  static std::once_flag installed;
  std::call_once(installed, installHandler);
  for (std::atomic<const GuardedRange *> &slot : ranges) {
    const GuardedRange *none = nullptr;
    if (slot.compare_exchange_strong(none, range)) {
      slot_ = &slot;
      return;
    }
  }
}

GuardFaultScope::~GuardFaultScope() {
  if (slot_)
    slot_->store(nullptr);
}
