//===- SafetensorsWriter.h - Logical tensors into a safetensors file -----------------------===//
//
// A checkpoint holds logical tensors without padding, so it loads at any mesh. Each rank writes its
// own elements into one file beside the target, which replaces the target only when complete: a
// reader sees the old file or the new one.
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
  /// Makes the unfinished file, "PATH.partial". With ranks in several processes one of them creates
  /// it, and the others join when it is there, with equal arguments.
  static Result<SafetensorsWriter> create(const std::string &path,
                                          const std::vector<SavedTensor> &tensors,
                                          const std::map<std::string, std::string> &metadata);
  static Result<SafetensorsWriter> join(const std::string &path,
                                        const std::vector<SavedTensor> &tensors,
                                        const std::map<std::string, std::string> &metadata);
  SafetensorsWriter(SafetensorsWriter &&other) noexcept;
  SafetensorsWriter &operator=(SafetensorsWriter &&) = delete;
  /// Without commit, the one who created the unfinished file removes it.
  ~SafetensorsWriter();

  /// Writes one rank's elements of the index-th tensor. Ranks may write at the same time.
  Status write(size_t index, const CoordinateMap &map, const void *local);

  /// Makes what was written permanent: every process, when its ranks have written.
  Status flush();
  /// Puts the file in its place: the one who created it, after every flush.
  Status commit();

private:
  SafetensorsWriter() = default;
  static Result<SafetensorsWriter> open(const std::string &path,
                                        const std::vector<SavedTensor> &tensors,
                                        const std::map<std::string, std::string> &metadata,
                                        bool create);

  std::string path_, partial_;
  SafetensorsHeader header_;
  bool owner_ = false;
  int fd_ = -1;
  std::span<uint8_t> bytes_;
  size_t dataBegin_ = 0;
};

} // namespace tpc
