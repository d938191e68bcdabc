//===- ImportCommand.cpp - tpc import ---------------------------------------------------------===//

#include "compiler/huggingface/ImportCommand.h"

#include "compiler/huggingface/DecoderModel.h"
#include "runtime/cli/Arguments.h"
#include "runtime/io/SafetensorsReader.h"
#include "runtime/plan/PlanWriter.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <map>
#include <set>

using namespace tpc;

namespace {

using Shape = std::vector<int64_t>;

/// The tensors of a folder's *.safetensors files.
struct StoredCheckpoint {
  std::vector<std::string> files;       ///< base names, sorted
  std::map<std::string, Shape> tensors; ///< by name, `prefix` aside

  static Result<StoredCheckpoint> open(const std::string &folder, llvm::StringRef prefix) {
    StoredCheckpoint checkpoint;
    std::error_code error;
    for (llvm::sys::fs::directory_iterator entry(folder, error), end; entry != end && !error;
         entry.increment(error))
      if (llvm::StringRef(entry->path()).ends_with(".safetensors"))
        checkpoint.files.push_back(llvm::sys::path::filename(entry->path()).str());
    if (error)
      return Status(Code::InvalidInput, "cannot read '" + folder + "': " + error.message());
    std::sort(checkpoint.files.begin(), checkpoint.files.end());
    for (const std::string &file : checkpoint.files) {
      TPC_ASSIGN_OR_RETURN(SafetensorsReader reader, SafetensorsReader::open(folder + "/" + file));
      for (const StoredTensor &tensor : reader.tensors()) {
        llvm::StringRef name(tensor.name);
        name.consume_front(prefix);
        if (checkpoint.tensors.emplace(name.str(), tensor.shape).second)
          continue;
        return Status(Code::InvalidInput,
                      "'" + folder + "' holds '" + tensor.name + "' in two files",
                      "keep one form of the checkpoint in the folder");
      }
    }
    return checkpoint;
  }
};

std::string shapeText(const Shape &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Status checkTensors(const DecoderModel &model, const StoredCheckpoint &checkpoint) {
  for (const ExpectedTensor &expected : model.tensors) {
    auto stored = checkpoint.tensors.find(expected.name);
    if (stored == checkpoint.tensors.end())
      return Status(Code::InvalidInput, "the checkpoint has no tensor '" + expected.name + "'",
                    "config.json and the safetensors files do not belong together, or a file is "
                    "missing");
    if (stored->second != expected.shape)
      return Status(Code::InvalidInput, "tensor '" + expected.name + "' is " +
                                            shapeText(stored->second) + ", and config.json says " +
                                            shapeText(expected.shape));
  }
  return Status();
}

/// Patterns of the stored tensors that the model does not read: layer numbers are '*'.
std::set<std::string> unusedPatterns(const DecoderModel &model,
                                     const StoredCheckpoint &checkpoint) {
  std::set<std::string> used, patterns;
  for (const ExpectedTensor &expected : model.tensors)
    used.insert(expected.name);
  for (const auto &[name, shape] : checkpoint.tensors) {
    if (used.count(name))
      continue;
    llvm::SmallVector<llvm::StringRef> parts;
    llvm::StringRef(name).split(parts, '.');
    for (llvm::StringRef &part : parts)
      if (!part.empty() && llvm::all_of(part, llvm::isDigit))
        part = "*";
    patterns.insert(llvm::join(parts, "."));
  }
  return patterns;
}

/// A name that MLIR reads as a bare symbol.
std::string symbolOf(llvm::StringRef name) {
  std::string symbol;
  for (char c : name)
    symbol += llvm::isAlnum(c) ? llvm::toLower(c) : '_';
  return symbol.empty() || llvm::isDigit(symbol[0]) ? "model_" + symbol : symbol;
}

std::string header(const DecoderConfig &config, const std::string &name, const std::string &file,
                   const StoredCheckpoint &checkpoint, const std::set<std::string> &unused) {
  std::string text;
  llvm::raw_string_ostream os(text);
  bool isGpt2 = config.family == DecoderConfig::Family::Gpt2;
  os << "// " << name << ", imported: " << (isGpt2 ? "GPT-2" : "Llama") << " shaped, "
     << config.layers << " layers, " << config.heads << " query and " << config.kvHeads
     << " kv heads of " << config.headSize << ", hidden " << config.hidden << ", vocabulary "
     << config.vocab << ".\n";
  if (config.dropout > 0)
    os << "// The config's dropout (" << llvm::format("%g", config.dropout)
       << ") is left out: add nn.dropout where it is wanted.\n";
  os << "//\n//   tpc compile " << file << " --tp 2 -o model.plan\n"
     << "//   tpc run model.plan --data tokens.bin --steps 20";
  if (checkpoint.files.size() == 1)
    os << " --weights " << checkpoint.files[0];
  for (const std::string &pattern : unused)
    os << " --unused '" << pattern << "'";
  os << "\n";
  if (checkpoint.files.size() > 1)
    os << "//\n// The checkpoint is in " << checkpoint.files.size()
       << " files: --weights takes one file with all tensors.\n";
  os << "\n";
  return text;
}

constexpr OptionSpec kOptions[] = {
    {"-o", "MODEL.mlir", "HF_DIR.mlir in this folder", "the model file"},
};

const CommandSpec &commandSpec() {
  static const CommandSpec spec{
      "tpc import HF_DIR [options]",
      "Writes a model file for a Hugging Face checkpoint: of its config.json, and checked against\n"
      "the tensors of the safetensors files beside it, if there are any.",
      {"HF_DIR"},
      kOptions};
  return spec;
}

} // namespace

Status tpc::importCommand(std::span<const std::string> words) {
  TPC_ASSIGN_OR_RETURN(Arguments arguments, Arguments::parse(commandSpec(), words));
  if (arguments.helpWanted()) {
    llvm::outs() << helpText(commandSpec());
    return Status();
  }
  std::string folder = llvm::StringRef(arguments.positional(0)).rtrim('/').str();
  std::string name = llvm::sys::path::filename(folder).str();
  std::string output = arguments.has("-o") ? arguments.get("-o") : name + ".mlir";

  std::string configPath = folder + "/config.json";
  auto buffer = llvm::MemoryBuffer::getFile(configPath, /*IsText=*/true);
  if (!buffer)
    return Status(Code::InvalidInput,
                  "cannot read '" + configPath + "': " + buffer.getError().message(),
                  "name the folder of a Hugging Face checkpoint");
  Result<DecoderConfig> config = readDecoderConfig((*buffer)->getBuffer());
  if (!config.ok())
    return Status(config.status()).withContext(configPath);
  bool isGpt2 = config->family == DecoderConfig::Family::Gpt2;
  TPC_ASSIGN_OR_RETURN(StoredCheckpoint checkpoint,
                       StoredCheckpoint::open(folder, isGpt2 ? kGpt2Prefix : ""));

  DecoderModel model = writeDecoderModel(*config, symbolOf(name));
  std::set<std::string> unused;
  if (!checkpoint.files.empty()) {
    TPC_RETURN_IF_ERROR(checkTensors(model, checkpoint));
    unused = unusedPatterns(model, checkpoint);
    if (isGpt2) { // the model itself names these
      for (const char *pattern : kGpt2Unused)
        unused.erase(pattern);
      if (config->isTied)
        unused.erase("lm_head.weight");
    }
  }
  std::string text =
      header(*config, name, llvm::sys::path::filename(output).str(), checkpoint, unused) +
      model.text;
  TPC_RETURN_IF_ERROR(
      writeFileAtomically(output, {reinterpret_cast<const uint8_t *>(text.data()), text.size()}));
  llvm::errs() << output << ": " << config->layers << " layers, " << model.tensors.size()
               << " tensors of the checkpoint"
               << (checkpoint.files.empty() ? ", which is not there and was not checked" : "")
               << "\n";
  return Status();
}
