//===- CommandLine.h - The commands of tpc ----------------------------------------------------===//
//
// What needs only a plan runs here; what reads a model is done by tpc-compile, the program beside
// this one, so that this one starts in milliseconds and needs no LLVM.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/cli/RunCommand.h"

namespace tpc {

/// Runs the command that `arguments` (argv) name and returns the exit status.
int runCommandLine(std::span<const std::string> arguments, const ExitNow &exitNow);

/// "tpc: error: ..." and "hint: ..." on standard error.
void printError(const Status &status);

} // namespace tpc
