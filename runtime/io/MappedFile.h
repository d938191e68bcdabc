//===- MappedFile.h - A file as read-only memory -------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace tpc {

/// Pages are read when touched: a rank that needs a slice reads that slice.
class MappedFile {
public:
  static Result<MappedFile> open(const std::string &path);

  std::span<const uint8_t> bytes() const { return bytes_; }

private:
  explicit MappedFile(std::span<const uint8_t> bytes);

  std::span<const uint8_t> bytes_;
  std::shared_ptr<void> mapping_; // unmaps
};

} // namespace tpc
