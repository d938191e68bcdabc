//===- SafetensorsHeader.h - The header of a safetensors file ------------------------------===//
//
// A file is: 8 bytes little-endian, the length of the header; the header, a JSON object of tensors
// and one "__metadata__" of strings; the tensors' bytes. Reading is strict: what another reader
// might understand differently is refused.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tpc {

struct StoredTensor {
  std::string name;
  std::string dtype; ///< "F32", "BF16", ...
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0; ///< in the bytes after the header

  int64_t elements() const;
};

/// Bytes of an element, or 0 for a type that the format does not know.
size_t storedElementSize(std::string_view dtype);

struct SafetensorsHeader {
  std::vector<StoredTensor> tensors; ///< in the order of their bytes
  std::map<std::string, std::string> metadata;

  /// Bytes before the header's text: its length.
  static constexpr size_t kLengthBytes = 8;

  /// The length of the header's text, from the first kLengthBytes of a file of `fileSize` bytes.
  static Result<uint64_t> textLength(std::span<const uint8_t> first, uint64_t fileSize);
  /// The header from its text; the tensors' bytes must be all that follows it.
  static Result<SafetensorsHeader> parse(std::string_view text, uint64_t fileSize);
  /// The bytes before the tensors' bytes, padded with spaces to a multiple of 64.
  std::vector<uint8_t> serialise() const;
};

} // namespace tpc
