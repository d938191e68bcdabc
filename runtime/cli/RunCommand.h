//===- RunCommand.h - tpc run -----------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <functional>
#include <span>
#include <string>

namespace tpc {

/// Ends the process at once; only mains may, so the main gives it.
using ExitNow = std::function<void(int status)>;

/// The signal that ended the run after its step, or 0. `words`: what follows "run".
Result<int> runCommand(std::span<const std::string> words, const ExitNow &exitNow);

} // namespace tpc
