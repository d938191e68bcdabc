//===- Layer.h - Which layer a dotted name belongs to -----------------------------------------===//
#pragma once

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"

namespace tpc {

/// "h.3" of "h.3.mlp.fc": a name up to its first part that is a number; empty if there is none.
inline llvm::StringRef layerOf(llvm::StringRef name) {
  for (size_t begin = 0; begin < name.size();) {
    size_t end = std::min(name.find('.', begin), name.size());
    llvm::StringRef part = name.slice(begin, end);
    if (!part.empty() && llvm::all_of(part, llvm::isDigit))
      return name.take_front(end);
    begin = end + 1;
  }
  return "";
}

} // namespace tpc
