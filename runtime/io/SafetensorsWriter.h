//===- SafetensorsWriter.h - Logical tensors into a safetensors file -----------------------===//
//
// A checkpoint holds logical tensors without padding, so it loads at any mesh. Each rank's elements
// are written into one file beside the target, which replaces the target only when complete: a
// reader sees the old file or the new one. A target that is a link stays one; what it points to is
// replaced.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/CoordinateMap.h"
#include "runtime/device/Device.h"
#include "runtime/io/SafetensorsHeader.h"

#include <span>

namespace tpc {

struct SavedTensor {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape; ///< global, logical
};

/// Whether this rank is the one to write its slice: of ranks that hold the same, the first.
bool writesSlice(const Sharding &sharding, const Mesh &mesh, int64_t rank);

class SafetensorsWriter {
public:
  /// Makes the unfinished file, "PATH.partial", and reserves its bytes, so that a full disk or a
  /// folder that can't be written is an error now.
  static Result<SafetensorsWriter> create(const std::string &path,
                                          const std::vector<SavedTensor> &tensors,
                                          const std::map<std::string, std::string> &metadata);
  SafetensorsWriter(SafetensorsWriter &&other) noexcept;
  SafetensorsWriter &operator=(SafetensorsWriter &&) = delete;
  /// Without commit, removes the unfinished file.
  ~SafetensorsWriter();

  /// Writes one rank's elements of the index-th tensor. Ranks may write at the same time.
  Status write(size_t index, const CoordinateMap &map, const void *local);

  /// Makes what was written permanent and puts the file in its place.
  Status commit();

  /// Removes the unfinished file of this process, if there is one. A signal handler may call it.
  static void removeUnfinished() noexcept;

private:
  SafetensorsWriter() = default;
  Status makeUnfinished(uint64_t size);
  Status writeBytes(uint64_t offset, std::span<const uint8_t> bytes);

  std::string path_, partial_;
  SafetensorsHeader header_;
  bool owner_ = false;
  int fd_ = -1;
  uint64_t dataBegin_ = 0;
};

} // namespace tpc
