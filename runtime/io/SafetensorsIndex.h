//===- SafetensorsIndex.h - Which of several files holds a tensor ---------------------------===//
//
// The file that Hugging Face writes beside a checkpoint of several safetensors files: a JSON object
// whose "weight_map" gives each tensor's file, by a name without a folder. Reading is strict: a
// file lies beside the index, or the index is refused.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <map>
#include <string>
#include <string_view>

namespace tpc {

struct SafetensorsIndex {
  std::map<std::string, std::string> files; ///< of tensors

  /// Whether a file is meant to be an index.
  static bool isNamed(std::string_view path) { return path.ends_with(".json"); }
  static Result<SafetensorsIndex> parse(std::string_view text);
  static Result<SafetensorsIndex> open(const std::string &path);
};

} // namespace tpc
