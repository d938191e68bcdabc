//===- Philox.h - The counter-based random numbers of parameters and masks -----------------===//
//
// Philox4x32-10 of Salmon et al. (SC 2011): four 32-bit numbers from a key and a counter, without
// state. The key is {seed, hash of the dotted name of the parameter or op}; the counter begins with
// a number of the logical element, i in global row-major order without padding, so every mesh and
// every device draws the same:
//   parameters  element i takes word i % 4 of the counter {low(i / 4), high(i / 4), 0, 0}
//   masks       element i takes word 0 of the counter {low(i), high(i), step, micro-batch} (a step
//               is one micro-batch, number 0)
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tpc {

using PhiloxKey = std::array<uint32_t, 2>;
using PhiloxBlock = std::array<uint32_t, 4>;

inline PhiloxBlock philox4x32(PhiloxBlock counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t left = uint64_t{0xD2511F53} * counter[0], right = uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<uint32_t>(right >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(right),
        static_cast<uint32_t>(left >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(left)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// FNV-1a of 64 bits, folded to 32.
constexpr uint32_t philoxNameHash(std::string_view name) {
  uint64_t hash = 0xCBF29CE484222325;
  for (char c : name)
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  return static_cast<uint32_t>(hash >> 32) ^ static_cast<uint32_t>(hash);
}

/// `name`: the dotted name of a parameter or op.
constexpr PhiloxKey philoxKey(uint32_t seed, std::string_view name) {
  return {seed, philoxNameHash(name)};
}

inline PhiloxBlock philoxCounter(uint64_t number, uint32_t step, uint32_t microBatch) {
  return {static_cast<uint32_t>(number), static_cast<uint32_t>(number >> 32), step, microBatch};
}

} // namespace tpc
