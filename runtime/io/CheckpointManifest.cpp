//===- CheckpointManifest.cpp - What a checkpoint says of the run -------------------------===//
#include "runtime/io/CheckpointManifest.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

using namespace tpc;

namespace {

constexpr std::string_view kFormatKey = "tpc.checkpoint", kModelKey = "tpc.model",
                           kHashKey = "tpc.model_hash", kStepKey = "tpc.step",
                           kSeedKey = "tpc.seed", kPositionKey = "tpc.data_position",
                           kInitKey = "tpc.init", kDataKey = "tpc.data_hash";
constexpr std::string_view kKeys[] = {kFormatKey, kModelKey, kHashKey,
                                      kStepKey,   kSeedKey,  kPositionKey};
constexpr std::string_view kLaterKeys[] = {kInitKey, kDataKey}; // older files lack them
constexpr std::string_view kFormat = "1", kPhilox = "philox", kTorch = "torch";

std::string hex16(uint64_t value) {
  constexpr const char *digits = "0123456789abcdef";
  std::string text(16, '0');
  for (int i = 15; i >= 0; --i, value >>= 4)
    text[static_cast<size_t>(i)] = digits[value & 15];
  return text;
}

/// A whole number as manifests write it: nothing but its digits.
template <typename T> bool readNumber(std::string_view text, int base, T most, T &value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() &&
         text[0] != '-' && value <= most;
}

/// A hash as hex16 writes it.
bool readHash(std::string_view text, uint64_t &value) {
  return text.size() == 16 && readNumber(text, 16, std::numeric_limits<uint64_t>::max(), value);
}

} // namespace

bool tpc::isCheckpoint(const Metadata &metadata) {
  return metadata.contains(std::string(kFormatKey));
}

Metadata tpc::manifestOf(const CheckpointInfo &info) {
  Metadata metadata = {
      {std::string(kFormatKey), std::string(kFormat)},
      {std::string(kModelKey), info.model},
      {std::string(kHashKey), hex16(info.modelHash)},
      {std::string(kStepKey), std::to_string(info.step)},
      {std::string(kSeedKey), std::to_string(info.seed)},
      {std::string(kPositionKey), std::to_string(info.dataPosition)},
      {std::string(kInitKey), std::string(info.init == Initialiser::Torch ? kTorch : kPhilox)}};
  if (info.dataHash)
    metadata.emplace(kDataKey, hex16(*info.dataHash));
  return metadata;
}

Result<CheckpointInfo> tpc::checkpointInfo(const Metadata &metadata) {
  auto damaged = [](const std::string &what) {
    return Status(Code::InvalidInput, "its manifest " + what,
                  "the file is damaged, or another version of tpc made it");
  };
  auto field = [&](std::string_view key) -> std::string_view {
    return metadata.find(std::string(key))->second;
  };
  if (!metadata.contains(std::string(kFormatKey)))
    return Status(Code::InvalidInput, "it was not made by --save",
                  "--weights starts from the parameters of any safetensors file");
  if (field(kFormatKey) != kFormat)
    return damaged("has version '" + std::string(field(kFormatKey)) + "', and this tpc reads " +
                   std::string(kFormat));
  for (std::string_view key : kKeys)
    if (!metadata.contains(std::string(key)))
      return damaged("lacks '" + std::string(key) + "'");
  for (const auto &[key, value] : metadata)
    if (std::ranges::find(kKeys, key) == std::end(kKeys) &&
        std::ranges::find(kLaterKeys, key) == std::end(kLaterKeys))
      return damaged("has the unknown field '" + key + "'");
  CheckpointInfo info{std::string(field(kModelKey)), 0, 0, 0, 0};
  auto outOfRange = [&](std::string_view key) {
    return damaged("has '" + std::string(field(key)) + "' as its '" + std::string(key) + "'");
  };
  if (!readHash(field(kHashKey), info.modelHash))
    return outOfRange(kHashKey);
  // A step number is an i32 on the device, and there must be a next one.
  if (!readNumber<int64_t>(field(kStepKey), 10, std::numeric_limits<int32_t>::max() - 1, info.step))
    return outOfRange(kStepKey);
  if (!readNumber(field(kSeedKey), 10, std::numeric_limits<uint32_t>::max(), info.seed))
    return outOfRange(kSeedKey);
  if (!readNumber(field(kPositionKey), 10, int64_t{1} << 62, info.dataPosition))
    return outOfRange(kPositionKey);
  if (metadata.contains(std::string(kInitKey))) {
    if (field(kInitKey) != kPhilox && field(kInitKey) != kTorch)
      return outOfRange(kInitKey);
    info.init = field(kInitKey) == kTorch ? Initialiser::Torch : Initialiser::Philox;
  }
  if (metadata.contains(std::string(kDataKey)) &&
      !readHash(field(kDataKey), info.dataHash.emplace()))
    return outOfRange(kDataKey);
  return info;
}
