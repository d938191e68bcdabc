//===- InputFile.h - A file that is read in parts ------------------------------------------===//
//
// Reads go through the kernel and not through a mapping: a file that gets shorter while it is read
// is an error that says so, and not a signal. A rank that needs a slice reads that slice.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tpc {

class InputFile {
public:
  /// A regular file; anything else has no size to check against.
  static Result<InputFile> open(const std::string &path);

  const std::string &path() const { return path_; }
  /// When it was opened.
  uint64_t size() const { return size_; }

  /// Fills `to` from the bytes at `offset`. Threads may read at the same time.
  Status read(uint64_t offset, std::span<uint8_t> to) const;
  Result<std::vector<uint8_t>> read(uint64_t offset, uint64_t count) const;

private:
  InputFile(std::string path, int descriptor);

  std::string path_;
  uint64_t size_ = 0;
  std::shared_ptr<const int> descriptor_; ///< closes
};

} // namespace tpc
