//===- SafetensorsWriter.h - Logical tensors into a safetensors file -----------------------===//
//
// A checkpoint holds logical tensors without padding, so it loads at any mesh. Each rank's elements
// are written into one file, which is there whole or not at all (AtomicFile.h).
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/CoordinateMap.h"
#include "runtime/device/Device.h"
#include "runtime/io/SafetensorsHeader.h"
#include "runtime/support/AtomicFile.h"

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
  /// Begins the file and reserves its bytes.
  static Result<SafetensorsWriter> create(const std::string &path,
                                          const std::vector<SavedTensor> &tensors,
                                          const std::map<std::string, std::string> &metadata,
                                          const WhenBusy &whenBusy = WhenBusy::fail());

  /// Writes one rank's elements of the index-th tensor. Ranks may write at the same time.
  Status write(size_t index, const CoordinateMap &map, const void *local);

  /// Makes what was written permanent and puts the file in its place. Without it, nothing is left.
  Status commit() { return file_.commit(); }

private:
  SafetensorsWriter(AtomicFile file, SafetensorsHeader header, uint64_t dataBegin)
      : file_(std::move(file)), header_(std::move(header)), dataBegin_(dataBegin) {}

  AtomicFile file_;
  SafetensorsHeader header_;
  uint64_t dataBegin_;
};

} // namespace tpc
