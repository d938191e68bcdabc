//===- Driver.h - The commands of tpc-compile ---------------------------------------------===//
#pragma once

#include <span>
#include <string>

namespace tpc {

/// Each takes what stands behind its name and returns the exit status.
int compileMain(std::span<const std::string> arguments);
int inspectMain(std::span<const std::string> arguments);

/// `tpc-compile compile|inspect ...`
int driverMain(std::span<const std::string> arguments);

} // namespace tpc
