//===- SafetensorsReader.h - Weights from a safetensors file -------------------------------===//
//
// The file is mapped, and a rank reads only what it holds. Where a parameter lies in a file is its
// source: GPT-2's files hold matrices transposed, and q, k, v as slices of one.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/CoordinateMap.h"
#include "runtime/device/Device.h"
#include "runtime/io/MappedFile.h"
#include "runtime/io/SafetensorsHeader.h"

#include <functional>

namespace tpc {

/// The tensor `name`, then transposed if asked (2-d only), then rows [sliceStart, sliceStart +
/// sliceSize) of dim sliceDim (-1: all).
struct TensorSource {
  std::string name;
  bool transpose = false;
  int sliceDim = -1;
  int64_t sliceStart = 0, sliceSize = 0;
};

class SafetensorsReader {
public:
  static Result<SafetensorsReader> open(const std::string &path);

  const std::vector<StoredTensor> &tensors() const { return header_.tensors; }
  const std::map<std::string, std::string> &metadata() const { return header_.metadata; }
  const StoredTensor *find(const std::string &name) const;

  /// Reads one rank's elements of `source` and converts them; pads become zero. The source must
  /// have the map's global shape. Floats convert to floats, integers to integers that hold them.
  Status read(const TensorSource &source, const CoordinateMap &map, DType dtype, void *local) const;

  /// Every element of every tensor belongs to exactly one of the sources. Tensors for which
  /// `ignored` is true may be left out.
  Status checkAllUsed(std::span<const TensorSource> sources,
                      const std::function<bool(const std::string &)> &ignored = {}) const;

private:
  std::string path_;
  MappedFile file_;
  SafetensorsHeader header_;
  size_t dataBegin_;
  std::map<std::string, size_t> byName_;

  SafetensorsReader(std::string path, MappedFile file, SafetensorsHeader header, size_t dataBegin);
};

} // namespace tpc
