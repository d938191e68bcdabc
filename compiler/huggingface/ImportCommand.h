//===- ImportCommand.h - tpc import -----------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <span>
#include <string>

namespace tpc {

/// `tpc import HF_DIR -o MODEL.mlir`: a model file for a published checkpoint, after a check that
/// the checkpoint holds what the model will read.
Status importCommand(std::span<const std::string> words);

} // namespace tpc
