//===- SafetensorsReader.h - Weights from a safetensors file -------------------------------===//
//
// A rank reads only what it holds. Where a parameter lies in a file is its
// source: GPT-2's files hold matrices transposed, and q, k, v as slices of one.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/CoordinateMap.h"
#include "runtime/device/Device.h"
#include "runtime/io/InputFile.h"
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

/// A source, and the shape that it must give.
struct WantedTensor {
  TensorSource source;
  std::vector<int64_t> shape;
};

class SafetensorsReader {
public:
  static Result<SafetensorsReader> open(const std::string &path);

  const std::vector<StoredTensor> &tensors() const { return header_.tensors; }
  const std::map<std::string, std::string> &metadata() const { return header_.metadata; }
  const std::string &path() const { return file_.path(); }
  const StoredTensor *find(const std::string &name) const;

  /// Reads one rank's elements of `source` and converts them; pads become zero. The source must
  /// have the map's global shape. Floats convert to floats, integers to integers that hold them.
  Status read(const TensorSource &source, const CoordinateMap &map, DType dtype, void *local) const;

  /// Every source is there in its shape, and every element of every tensor belongs to exactly one.
  /// Tensors for which `ignored` is true may be left over.
  Status check(std::span<const WantedTensor> wanted,
               const std::function<bool(const std::string &)> &ignored = {}) const;

private:
  SafetensorsReader(InputFile file, SafetensorsHeader header, uint64_t dataBegin);

  InputFile file_;
  SafetensorsHeader header_;
  uint64_t dataBegin_;
  std::map<std::string, size_t> byName_;
};

} // namespace tpc
