//===- NamePattern.h - Patterns of names ----------------------------------------------------===//
//
// Parameter groups, constraints and --shard choose names by a pattern, in which `*` is any run of
// characters and everything else is itself.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"

namespace tpc {

inline bool matchesPattern(llvm::StringRef pattern, llvm::StringRef name) {
  auto [head, rest] = pattern.split('*');
  if (!name.consume_front(head))
    return false;
  if (head.size() == pattern.size())
    return name.empty();
  // `rest` may begin at any point of what is left.
  for (size_t skipped = 0; skipped <= name.size(); ++skipped)
    if (matchesPattern(rest, name.drop_front(skipped)))
      return true;
  return false;
}

} // namespace tpc
