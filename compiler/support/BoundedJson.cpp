//===- BoundedJson.cpp - JSON from outside ----------------------------------------------------===//
#include "compiler/support/BoundedJson.h"

using namespace tpc;

/// Where the text nests deeper than `deepest`, or npos. Up to its first mistake the parser sees the
/// same brackets, and goes no further.
static size_t findTooDeep(llvm::StringRef text, unsigned deepest) {
  unsigned depth = 0;
  bool isInString = false;
  for (size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (isInString) {
      if (c == '\\')
        ++at;
      isInString = c != '"';
    } else if (c == '"') {
      isInString = true;
    } else if (c == '[' || c == '{') {
      if (depth++ == deepest)
        return at;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return llvm::StringRef::npos;
}

llvm::Expected<llvm::json::Value> tpc::parseBoundedJson(llvm::StringRef text, unsigned deepest) {
  if (size_t at = findTooDeep(text, deepest); at != llvm::StringRef::npos)
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "line " + llvm::Twine(text.take_front(at).count('\n') + 1) +
                                       ": arrays and objects nest more than " +
                                       llvm::Twine(deepest) + " deep");
  return llvm::json::parse(text);
}
