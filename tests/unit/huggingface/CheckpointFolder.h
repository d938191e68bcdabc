//===- CheckpointFolder.h - Checkpoints that tests import -------------------------------------===//
#pragma once

#include "compiler/driver/Driver.h"
#include "compiler/huggingface/DecoderModel.h"
#include "compiler/huggingface/ImportCommand.h"
#include "runtime/io/SafetensorsHeader.h"
#include "tests/unit/support/Temporary.h"

#include <filesystem>
#include <fstream>

namespace tpc::test {

inline const char *const kTinyGpt2 = R"({"model_type": "gpt2", "n_embd": 8, "n_head": 2,
  "n_layer": 2, "n_positions": 16, "vocab_size": 11})";
inline const char *const kTinyQwen = R"({"model_type": "qwen2", "hidden_size": 12,
  "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 6,
  "num_key_value_heads": 2, "vocab_size": 13, "max_position_embeddings": 32,
  "rope_theta": 1000000.0, "tie_word_embeddings": false})";
inline const char *const kTinyLlama = R"({"model_type": "llama", "hidden_size": 12,
  "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 6, "vocab_size": 13,
  "max_position_embeddings": 32, "tie_word_embeddings": true})";

/// What a model of this config reads; some files of GPT-2 hold it under a prefix.
inline std::vector<ExpectedTensor> tensorsOf(const char *config, const std::string &prefix = "") {
  std::vector<ExpectedTensor> tensors = writeDecoderModel(*readDecoderConfig(config), "m").tensors;
  for (ExpectedTensor &tensor : tensors)
    tensor.name = prefix + tensor.name;
  return tensors;
}

/// Folders of checkpoints, and one place for what is imported.
class CheckpointFolder {
public:
  std::string path(const std::string &name) const { return folder_.path(name); }
  std::string output() const { return folder_.path("out.mlir"); }

  void write(const std::string &name, const std::string &config,
             const std::vector<ExpectedTensor> &tensors = {}) {
    std::filesystem::create_directories(path(name));
    std::ofstream(path(name) + "/config.json") << config;
    if (!tensors.empty())
      writeTensors(name + "/model.safetensors", tensors);
  }
  /// `dtype` is that of the first tensor; the others are F32.
  void writeTensors(const std::string &file, const std::vector<ExpectedTensor> &tensors,
                    const std::string &dtype = "F32") {
    SafetensorsHeader header;
    uint64_t end = 0;
    for (const ExpectedTensor &tensor : tensors) {
      StoredTensor stored{tensor.name, header.tensors.empty() ? dtype : "F32", tensor.shape, end,
                          0};
      uint64_t bytes = storedElementSize(stored.dtype);
      for (int64_t extent : tensor.shape)
        bytes *= static_cast<uint64_t>(extent);
      end = stored.end = stored.begin + bytes;
      header.tensors.push_back(stored);
    }
    std::vector<uint8_t> bytes = header.serialise();
    bytes.resize(bytes.size() + end);
    std::ofstream(path(file), std::ios::binary)
        .write(reinterpret_cast<const char *>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

  Status import(const std::string &name) const { return import(name, output()); }
  Status import(const std::string &name, const std::string &output) const {
    return importCommand(std::vector<std::string>{path(name), "-o", output});
  }

  static std::string read(const std::string &path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

private:
  TemporaryFolder folder_;
};

} // namespace tpc::test
