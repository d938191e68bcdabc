//===- SafetensorsReader.h - Weights from a safetensors file -------------------------------===//
//
// A rank reads only what it holds. The tensors may lie in several files, which then are as one; no
// tensor is in two of them. Where a parameter lies in a file is its
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
  /// All files that an index names (SafetensorsIndex.h). They have no metadata.
  static Result<SafetensorsReader> openIndex(const std::string &path);

  const std::vector<StoredTensor> &tensors() const { return header_.tensors; }
  const std::map<std::string, std::string> &metadata() const { return header_.metadata; }
  /// Of the file, or of the index of several.
  const std::string &path() const { return path_; }
  /// Of the files that hold tensors.
  std::vector<std::string> files() const;
  const StoredTensor *find(const std::string &name) const;

  /// Reads one rank's elements of `source` and converts them; pads become zero. The source must
  /// have the map's global shape. Floats convert to floats, integers to integers that hold them.
  Status read(const TensorSource &source, const CoordinateMap &map, DType dtype, void *local) const;

  /// Every source is there in its shape, and every element of every tensor belongs to exactly one.
  /// Tensors for which `ignored` is true may be left over.
  Status check(std::span<const WantedTensor> wanted,
               const std::function<bool(const std::string &)> &ignored = {}) const;

private:
  struct Part {
    InputFile file;
    uint64_t dataBegin;
  };
  /// Of a tensor.
  struct Place {
    size_t tensor, part;
  };

  explicit SafetensorsReader(std::string path) : path_(std::move(path)) {}
  /// One more file.
  Status add(const std::string &file);
  /// That holds a tensor of this reader.
  const Part &partOf(const StoredTensor &tensor) const;

  std::string path_;
  std::vector<Part> parts_;
  SafetensorsHeader header_; ///< of all parts
  std::map<std::string, Place> byName_;
};

} // namespace tpc
