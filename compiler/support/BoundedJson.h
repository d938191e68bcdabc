//===- BoundedJson.h - JSON from outside ------------------------------------------------------===//
#pragma once

#include "llvm/Support/JSON.h"

namespace tpc {

/// Parses JSON that somebody else wrote. LLVM's parser recurses for every array and object, and a
/// file of brackets alone would overflow its stack: what nests deeper than `deepest` is an error.
llvm::Expected<llvm::json::Value> parseBoundedJson(llvm::StringRef text, unsigned deepest = 100);

} // namespace tpc
