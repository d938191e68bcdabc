//===- ContentHash.h - The hash that a plan file carries ------------------------------------===//
//
// 64 bits over the whole file, with the eight bytes of its `content_hash` field taken as zero.
// Definition, all arithmetic modulo 2^64: h = size; for each 8-byte little-endian word w (the last
// one filled up with zeros), h = rotateLeft(h ^ w * P1, 29) * P2; then h ^= h >> 32, h *= P1,
// h ^= h >> 29; with P1 = 0x9E3779B185EBCA87, P2 = 0xC2B2AE3D27D4EB4F. Every step is a bijection
// of h and of w, so damage within one word is always seen. It guards against damage, not malice.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <span>

namespace tpc {

uint64_t contentHash(std::span<const uint8_t> bytes);

/// The same with the eight bytes at `zeroed` taken as zero.
uint64_t contentHash(std::span<const uint8_t> bytes, size_t zeroed);

} // namespace tpc
