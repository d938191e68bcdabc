//===- StoredCheckpoint.h - The tensors beside config.json ------------------------------------===//
//
// What the safetensors files of a folder hold, and whether that is the model that config.json
// describes: a tensor that is not read may be the sign of another one.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/huggingface/DecoderModel.h"

#include "llvm/ADT/StringRef.h"

#include <map>
#include <optional>
#include <set>

namespace tpc {

struct StoredCheckpoint {
  struct Tensor {
    std::vector<int64_t> shape;
    std::string dtype;
    size_t file; ///< of `files`
  };
  std::vector<std::string> files;        ///< base names, sorted
  std::map<std::string, Tensor> tensors; ///< by name, a prefix aside

  static Result<StoredCheckpoint> open(const std::string &folder, llvm::StringRef prefix);

  /// The model's tensors are there, and what is left over is none of another model.
  Status check(const DecoderConfig &config, const DecoderModel &model) const;
  /// The file that holds all tensors of a model that was checked, as `tpc run --weights` wants it.
  std::optional<size_t> wholeFile(const DecoderModel &model) const;
  /// Patterns for `tpc run --unused`, of one file or of all.
  std::set<std::string> unusedPatterns(const DecoderConfig &config, const DecoderModel &model,
                                       std::optional<size_t> file) const;
};

} // namespace tpc
