//===- ImportCommand.cpp - tpc import ---------------------------------------------------------===//

#include "compiler/huggingface/ImportCommand.h"

#include "compiler/huggingface/StoredCheckpoint.h"
#include "runtime/cli/Arguments.h"
#include "runtime/plan/PlanWriter.h"
#include "runtime/support/SameFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace tpc;

namespace {

/// A name that MLIR reads as a bare symbol.
std::string symbolOf(llvm::StringRef name) {
  std::string symbol;
  for (char c : name)
    symbol += llvm::isAlnum(c) ? llvm::toLower(c) : '_';
  return symbol.empty() || llvm::isDigit(symbol[0]) ? "model_" + symbol : symbol;
}

bool isControl(unsigned char c) { return c < 0x20 || c == 0x7f; }

/// The text as a word of a shell, on one line.
std::string shellWord(llvm::StringRef text) {
  const llvm::StringRef plain = "._-/+,:@%=";
  if (!text.empty() &&
      llvm::all_of(text, [&](char c) { return llvm::isAlnum(c) || plain.contains(c); }))
    return text.str();
  bool hasControl = llvm::any_of(text, isControl);
  std::string result = hasControl ? "$'" : "'";
  for (unsigned char c : text) {
    if (hasControl && (isControl(c) || c == '\'' || c == '\\'))
      result += {'\\', char('0' + c / 64), char('0' + c / 8 % 8), char('0' + c % 8)};
    else if (c == '\'')
      result += "'\\''";
    else
      result += static_cast<char>(c);
  }
  return result + "'";
}

/// What `tpc run` takes of the checkpoint: of files that hold parts of the model, none.
struct Weights {
  size_t numFiles = 0;
  std::optional<std::string> file;
  std::set<std::string> unused; ///< patterns of what the model does not name
};

std::string header(const DecoderConfig &config, llvm::StringRef name, const std::string &file,
                   const Weights &weights) {
  std::string text, unused;
  llvm::raw_string_ostream os(text);
  bool isGpt2 = config.family == DecoderConfig::Family::Gpt2;
  std::string title = name.str();
  std::replace_if(title.begin(), title.end(), isControl, '?');
  os << "// " << title << ", imported: " << (isGpt2 ? "GPT-2" : "Llama") << " shaped, "
     << config.layers << " layers, " << config.heads << " query and " << config.kvHeads
     << " kv heads of " << config.headSize << ", hidden " << config.hidden << ", vocabulary "
     << config.vocab << ".\n";
  if (config.dropout > 0)
    os << "// The config's dropout (" << llvm::format("%g", config.dropout)
       << ") is left out: add nn.dropout where it is wanted.\n";
  os << "//\n//   tpc compile " << shellWord(file) << " --tp 2 -o model.plan\n"
     << "//   tpc run model.plan --data tokens.bin --steps 20";
  for (const std::string &pattern : weights.unused)
    unused += " --unused " + shellWord(pattern);
  if (weights.file)
    os << " --weights " << shellWord(*weights.file) << unused;
  os << "\n";
  if (weights.numFiles > 0 && !weights.file) {
    os << "//\n// The checkpoint is in " << weights.numFiles
       << " files: give --weights their index, model.safetensors.index.json"
       << (unused.empty() ? "." : ", and with it\n//  ") << unused << "\n";
  }
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

/// What is written must not be a part of the checkpoint, under whatever name.
Status checkTarget(const std::string &output, const std::string &folder) {
  if (output.empty())
    return Status(Code::Usage, "-o names no file", "-o MODEL.mlir");
  std::error_code error;
  for (llvm::sys::fs::directory_iterator entry(folder, error), end; entry != end && !error;
       entry.increment(error)) {
    llvm::StringRef file = llvm::sys::path::filename(entry->path());
    if ((file.ends_with(".json") || file.ends_with(".safetensors")) &&
        isSameFile(output, entry->path()))
      return Status(Code::Usage,
                    "-o would overwrite '" + output + "', which is " + file.str() +
                        " of the checkpoint",
                    "name another place");
  }
  return Status(); // a folder that can't be read has no config.json, which is said next
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
  TPC_RETURN_IF_ERROR(checkTarget(output, folder));

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
  Weights weights;
  if (!checkpoint.files.empty()) {
    TPC_RETURN_IF_ERROR(checkpoint.check(*config, model));
    std::optional<size_t> file = checkpoint.wholeFile(model);
    weights.numFiles = checkpoint.files.size();
    if (file)
      weights.file = checkpoint.files[*file];
    weights.unused = checkpoint.unusedPatterns(*config, model, file);
  }
  std::string text =
      header(*config, name, llvm::sys::path::filename(output).str(), weights) + model.text;
  TPC_RETURN_IF_ERROR(
      writeFileAtomically(output, {reinterpret_cast<const uint8_t *>(text.data()), text.size()}));
  llvm::errs() << output << ": " << config->layers << " layers, " << model.tensors.size()
               << " tensors of the checkpoint"
               << (checkpoint.files.empty() ? ", which is not there and was not checked" : "")
               << "\n";
  return Status();
}
