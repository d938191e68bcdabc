//===- ContentHash.cpp - The hash that a plan file carries -----------------------------------===//

#include "runtime/plan/ContentHash.h"

#include <algorithm>
#include <bit>
#include <cstring>

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

namespace {

constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87u;
constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4Fu;

/// The word at `position`, with bytes beyond the end and in the zeroed range read as zero.
uint64_t maskedWord(std::span<const uint8_t> bytes, size_t position, size_t zeroed) {
  uint8_t word[8] = {};
  for (size_t i = 0; i < 8 && position + i < bytes.size(); ++i)
    if (position + i < zeroed || position + i - zeroed >= 8)
      word[i] = bytes[position + i];
  uint64_t value;
  std::memcpy(&value, word, 8);
  return value;
}

} // namespace

uint64_t tpc::contentHash(std::span<const uint8_t> bytes, size_t zeroed) {
  uint64_t hash = bytes.size();
  for (size_t position = 0; position < bytes.size(); position += 8) {
    uint64_t word;
    bool whole = position + 8 <= bytes.size();
    bool apart = position + 8 <= zeroed || position >= zeroed + 8;
    if (whole && apart)
      std::memcpy(&word, bytes.data() + position, 8);
    else
      word = maskedWord(bytes, position, zeroed);
    hash = std::rotl(hash ^ word * kPrime1, 29) * kPrime2;
  }
  hash ^= hash >> 32;
  hash *= kPrime1;
  return hash ^ hash >> 29;
}

uint64_t tpc::contentHash(std::span<const uint8_t> bytes) {
  return contentHash(bytes, bytes.size());
}
