//===- StoredCheckpoint.cpp - The tensors beside config.json ----------------------------------===//

#include "compiler/huggingface/StoredCheckpoint.h"

#include "runtime/io/SafetensorsReader.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <algorithm>

using namespace tpc;

namespace {

/// The name for all layers, as --unused takes it: numbers become `*`, and what is special in a
/// pattern is escaped.
std::string patternOf(llvm::StringRef name) {
  llvm::SmallVector<llvm::StringRef> parts;
  name.split(parts, '.');
  std::string pattern;
  for (llvm::StringRef part : parts) {
    pattern += pattern.empty() ? "" : ".";
    if (!part.empty() && llvm::all_of(part, llvm::isDigit)) {
      pattern += "*";
      continue;
    }
    for (char c : part) {
      if (llvm::StringRef("*?[\\").contains(c))
        pattern += '\\';
      pattern += c;
    }
  }
  return pattern;
}

std::string shapeText(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

/// The reader converts no other type to a float.
bool isFloat(llvm::StringRef dtype) {
  return dtype == "F32" || dtype == "F16" || dtype == "BF16" || dtype == "F64";
}

bool isTiedHead(const DecoderConfig &config, llvm::StringRef name) {
  return config.isTied && name == "lm_head.weight";
}

/// What published files hold beside the parameters, and the written model says so itself.
bool isNamedByModel(const DecoderConfig &config, llvm::StringRef name) {
  return config.family == DecoderConfig::Family::Gpt2 &&
         (isTiedHead(config, name) || llvm::is_contained(kGpt2Unused, patternOf(name)));
}

/// Tells tensors that a model may do without from those that make it another one.
class LeftOvers {
public:
  LeftOvers(const DecoderConfig &config, const DecoderModel &model)
      : config_(config), isGpt2_(config.family == DecoderConfig::Family::Gpt2) {
    for (const ExpectedTensor &expected : model.tensors) {
      std::string pattern = patternOf(expected.name);
      modules_.insert(llvm::StringRef(pattern).rsplit('.').first.str());
      patterns_.insert(std::move(pattern));
    }
    modules_.insert("lm_head"); // one that is tied has no parameter of its own
  }

  Status check(const std::string &name) const {
    if (isTiedHead(config_, name) || isNamedByModel(config_, name))
      return Status();
    std::string pattern = patternOf(name);
    if (patterns_.count(pattern))
      return refuse(name, std::string("config.json says '") +
                              (isGpt2_ ? "n_layer" : "num_hidden_layers") + "' " +
                              std::to_string(config_.layers));
    if (!belongsToModule(pattern) && !isLayerParameter(pattern))
      return Status();
    llvm::StringRef setting = settingOf(pattern);
    return refuse(name, setting.empty() ? "the model of config.json has no such parameter"
                                        : "config.json says '" + setting.str() + "' false");
  }

private:
  static Status refuse(const std::string &name, const std::string &but) {
    return Status(Code::InvalidInput, "the checkpoint has tensor '" + name + "', and " + but,
                  "without it the model would compute something else: mend config.json, or write "
                  "the model in the nn dialect (docs/nn.md)");
  }
  /// Part of something that is computed: a bias, or what scales or adapts a weight.
  bool belongsToModule(llvm::StringRef pattern) const {
    for (size_t dot = pattern.find('.'); dot != pattern.npos; dot = pattern.find('.', dot + 1))
      if (modules_.count(pattern.take_front(dot).str()))
        return true;
    return false;
  }
  bool isLayerParameter(llvm::StringRef pattern) const {
    return pattern.starts_with(isGpt2_ ? "h.*." : "model.layers.*.") &&
           (pattern.ends_with(".weight") || pattern.ends_with(".bias"));
  }
  /// The setting that says whether there is such a bias.
  llvm::StringRef settingOf(llvm::StringRef pattern) const {
    if (isGpt2_ || !pattern.consume_front("model.layers.*.") || !pattern.ends_with("_proj.bias"))
      return "";
    return pattern.starts_with("self_attn.") ? "attention_bias"
           : pattern.starts_with("mlp.")     ? "mlp_bias"
                                             : "";
  }

  const DecoderConfig &config_;
  bool isGpt2_;
  std::set<std::string> patterns_, modules_;
};

std::set<std::string> namesOf(const DecoderModel &model) {
  std::set<std::string> names;
  for (const ExpectedTensor &expected : model.tensors)
    names.insert(expected.name);
  return names;
}

} // namespace

Result<StoredCheckpoint> StoredCheckpoint::open(const std::string &folder, llvm::StringRef prefix) {
  StoredCheckpoint checkpoint;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator entry(folder, error), end; entry != end && !error;
       entry.increment(error))
    if (llvm::StringRef(entry->path()).ends_with(".safetensors"))
      checkpoint.files.push_back(llvm::sys::path::filename(entry->path()).str());
  if (error)
    return Status(Code::InvalidInput, "cannot read '" + folder + "': " + error.message());
  std::sort(checkpoint.files.begin(), checkpoint.files.end());
  for (size_t file = 0; file < checkpoint.files.size(); ++file) {
    TPC_ASSIGN_OR_RETURN(SafetensorsReader reader,
                         SafetensorsReader::open(folder + "/" + checkpoint.files[file]));
    for (const StoredTensor &tensor : reader.tensors()) {
      llvm::StringRef name(tensor.name);
      name.consume_front(prefix);
      Tensor stored{tensor.shape, tensor.dtype, file};
      auto [known, isNew] = checkpoint.tensors.emplace(name.str(), std::move(stored));
      if (isNew)
        continue;
      if (known->second.file == file)
        return Status(Code::InvalidInput,
                      "'" + folder + "/" + checkpoint.files[file] + "' holds '" + name.str() +
                          "' with and without the prefix '" + prefix.str() + "'");
      return Status(Code::InvalidInput, "'" + folder + "' holds '" + tensor.name + "' in two files",
                    "keep one form of the checkpoint in the folder");
    }
  }
  return checkpoint;
}

Status StoredCheckpoint::check(const DecoderConfig &config, const DecoderModel &model) const {
  for (const ExpectedTensor &expected : model.tensors) {
    auto stored = tensors.find(expected.name);
    if (stored == tensors.end())
      return Status(Code::InvalidInput, "the checkpoint has no tensor '" + expected.name + "'",
                    "config.json and the safetensors files do not belong together, or a file is "
                    "missing");
    const auto &[shape, dtype, file] = stored->second;
    if (!isFloat(dtype))
      return Status(Code::InvalidInput,
                    "tensor '" + expected.name + "' of type " + dtype +
                        " does not convert to the floats of the model",
                    "take a checkpoint in float16, bfloat16 or float32");
    if (shape != expected.shape)
      return Status(Code::InvalidInput, "tensor '" + expected.name + "' is " + shapeText(shape) +
                                            ", and config.json says " + shapeText(expected.shape));
  }
  std::set<std::string> used = namesOf(model);
  LeftOvers leftOvers(config, model);
  for (const auto &[name, tensor] : tensors)
    if (!used.count(name))
      TPC_RETURN_IF_ERROR(leftOvers.check(name));
  return Status();
}

std::optional<size_t> StoredCheckpoint::wholeFile(const DecoderModel &model) const {
  size_t file = tensors.at(model.tensors.front().name).file;
  for (const ExpectedTensor &expected : model.tensors)
    if (tensors.at(expected.name).file != file)
      return std::nullopt;
  return file;
}

std::set<std::string> StoredCheckpoint::unusedPatterns(const DecoderConfig &config,
                                                       const DecoderModel &model,
                                                       std::optional<size_t> file) const {
  std::set<std::string> used = namesOf(model), patterns;
  for (const auto &[name, tensor] : tensors)
    if ((!file || tensor.file == *file) && !used.count(name) && !isNamedByModel(config, name))
      patterns.insert(patternOf(name));
  return patterns;
}
