//===- GemmChoices.cpp - Which algorithm a product uses, kept beside the plan ---------------===//
#include "runtime/device/cuda/GemmChoices.h"

#include "runtime/support/AtomicFile.h"

#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

using namespace tpc;
using namespace tpc::cuda;

namespace {

namespace fs = std::filesystem;

/// The first line begins so in every version of the file.
constexpr std::string_view kKind = "tpc gemm algorithms ";
constexpr const char *kMagic = "tpc gemm algorithms 1", *kEnd = "end";

/// Whether a path names something that is no file of choices. Only a regular file is opened: who
/// opens a pipe waits for its other end.
bool isForeign(const std::string &path) {
  std::error_code error;
  fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    return false;
  if (!fs::is_regular_file(status))
    return true;
  std::string begin(kKind.size(), 0);
  std::ifstream file(path, std::ios::binary);
  return !file.read(begin.data(), static_cast<std::streamsize>(begin.size())) || begin != kKind;
}

} // namespace

std::string tpc::cuda::gemmKey(const GemmShape &s, const GemmAlignments &alignments,
                               size_t workspaceBytes) {
  std::ostringstream key;
  key << "m" << s.m << ",n" << s.n << ",k" << s.k << ",b" << s.batch << (s.transposeA ? ",ta" : "")
      << (s.transposeB ? ",tb" : "") << (s.accumulate ? ",acc" : "") << ",ld" << s.lda << "/"
      << s.ldb << "/" << s.ldc << ",stride" << s.strideA << "/" << s.strideB << "/" << s.strideC
      << ",type" << int(s.dtype) << "/" << int(s.resultDtype) << ",align" << alignments.a << "/"
      << alignments.b << "/" << alignments.c;
  if (s.bias)
    key << ",bias" << alignments.bias;
  key << ",ws" << workspaceBytes;
  return key.str();
}

GemmChoices::GemmChoices(std::string path, std::string owner)
    : path_(std::move(path)), owner_(std::move(owner)) {
  if (!path_.empty())
    load();
}

void GemmChoices::load() {
  if (isForeign(path_))
    return;
  std::ifstream file(path_);
  std::string line;
  if (!std::getline(file, line) || line != kMagic || !std::getline(file, line) || line != owner_)
    return;
  std::map<std::string, Algorithm> choices;
  while (std::getline(file, line) && line != kEnd) {
    std::istringstream words(line);
    std::string key;
    Algorithm algorithm;
    words >> key >> std::hex;
    for (uint64_t &word : algorithm)
      words >> word;
    if (!words || !(words >> std::ws).eof())
      return;
    choices.emplace(key, algorithm);
  }
  // A file that was cut is not half believed.
  if (line == kEnd)
    choices_ = std::move(choices);
}

std::optional<Algorithm> GemmChoices::find(const std::string &key) const {
  auto found = choices_.find(key);
  return found == choices_.end() ? std::nullopt : std::optional(found->second);
}

Status GemmChoices::add(const std::string &key, const Algorithm &algorithm) {
  choices_[key] = algorithm;
  return canKeep() ? save() : Status();
}

bool GemmChoices::canKeep() {
  if (!canKeep_)
    canKeep_ = !path_.empty() && save().ok();
  return *canKeep_;
}

std::string GemmChoices::obstacle() const {
  return !path_.empty() && isForeign(path_) ? "'" + path_ + "' is something else" : "";
}

Status GemmChoices::save() const {
  if (std::string found = obstacle(); !found.empty())
    return Status(Code::InvalidInput, "cannot keep the algorithms of products: " + found,
                  "rename it, or the plan");
  std::string text = std::string(kMagic) + "\n" + owner_ + "\n";
  for (const auto &[key, algorithm] : choices_) {
    text += key;
    for (uint64_t word : algorithm) {
      char hex[24];
      std::snprintf(hex, sizeof(hex), " %016" PRIx64, word);
      text += hex;
    }
    text += "\n";
  }
  text += std::string(kEnd) + "\n";
  return writeFileAtomically(path_, {reinterpret_cast<const uint8_t *>(text.data()), text.size()});
}
