//===- SafetensorsReader.cpp - Weights from a safetensors file -----------------------------===//
#include "runtime/io/SafetensorsReader.h"

#include "runtime/io/LocalElements.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <type_traits>

namespace tpc {
namespace {

std::string shapeText(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (int64_t extent : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

/// A source's view of its tensor: element (i, j, ...) is at offset + sum of index * stride.
struct View {
  std::vector<int64_t> shape, strides;
  int64_t offset = 0;
};

Result<View> viewOf(const TensorSource &source, const StoredTensor &tensor) {
  View view;
  view.shape = tensor.shape;
  view.strides.resize(view.shape.size());
  int64_t stride = 1;
  for (size_t dim = view.shape.size(); dim-- > 0; stride *= view.shape[dim])
    view.strides[dim] = stride;
  if (source.transpose) {
    if (view.shape.size() != 2)
      return Status(Code::InvalidInput, "tensor '" + source.name + "' of shape " +
                                            shapeText(tensor.shape) +
                                            " is to be transposed and has not two dims");
    std::swap(view.shape[0], view.shape[1]);
    std::swap(view.strides[0], view.strides[1]);
  }
  if (source.sliceDim < 0)
    return view;
  auto dim = static_cast<size_t>(source.sliceDim);
  if (dim >= view.shape.size() || source.sliceStart < 0 || source.sliceSize < 0 ||
      source.sliceStart > view.shape[dim] - source.sliceSize)
    return Status(Code::InvalidInput, "tensor '" + source.name + "' of shape " +
                                          shapeText(tensor.shape) + " has no rows " +
                                          std::to_string(source.sliceStart) + " to " +
                                          std::to_string(source.sliceStart + source.sliceSize) +
                                          " of dim " + std::to_string(dim));
  view.offset = source.sliceStart * view.strides[dim];
  view.shape[dim] = source.sliceSize;
  return view;
}

/// float16, which only checkpoints hold.
struct Half {
  uint16_t bits;
};
struct Bfloat {
  uint16_t bits;
};

float toNumber(Half half) {
  int exponent = (half.bits >> 10) & 31, mantissa = half.bits & 1023;
  float value = exponent == 31  ? (mantissa ? NAN : INFINITY)
                : exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                : std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  return half.bits >> 15 ? -value : value;
}
float toNumber(Bfloat value) { return bfloat16ToFloat(value.bits); }
template <typename T>
  requires std::is_arithmetic_v<T>
T toNumber(T value) {
  return value;
}
template <typename T> using Number = decltype(toNumber(std::declval<T>()));

/// The file's bytes have no alignment.
template <typename From> From elementAt(const uint8_t *bytes, int64_t index) {
  From value;
  std::memcpy(&value, bytes + index * static_cast<int64_t>(sizeof(From)), sizeof(From));
  return value;
}

/// Elements that are consecutive for the rank, `step` elements apart in the file.
struct Segment {
  int64_t from, count, to;
};

std::vector<Segment> segmentsOf(const View &view, const CoordinateMap &map) {
  std::vector<Segment> segments;
  int64_t columns = view.shape.empty() ? 1 : view.shape.back();
  map.forEachRun([&](int64_t localOffset, int64_t globalOffset, int64_t length) {
    // A run may span rows of the logical tensor; in the file, those are apart.
    while (length > 0) {
      int64_t count = std::min(length, columns - globalOffset % columns);
      int64_t from = view.offset, rest = globalOffset;
      for (size_t dim = view.shape.size(); dim-- > 0; rest /= view.shape[dim])
        from += rest % view.shape[dim] * view.strides[dim];
      segments.push_back({from, count, localOffset});
      localOffset += count;
      globalOffset += count;
      length -= count;
    }
  });
  return segments;
}

/// Elements of one type of the file, seen through a view, into one rank's elements.
template <typename From, typename To>
Status readElements(const uint8_t *bytes, const View &view, const CoordinateMap &map, To *local) {
  bool fits = true;
  int64_t step = view.strides.empty() ? 1 : view.strides.back();
  auto readOne = [&](const Segment &segment, int64_t i) {
    auto value = toNumber(elementAt<From>(bytes, segment.from + i * step));
    if constexpr (std::is_same_v<To, int32_t>)
      fits = fits && value >= INT32_MIN && (value < 0 || static_cast<uint64_t>(value) <= INT32_MAX);
    store(value, local[segment.to + i]);
  };
  // The rows of a transposed matrix lie beside each other in the file: taken together, they use all
  // of each cache line.
  size_t together = step == 1 ? 1 : 16;
  std::vector<Segment> segments = segmentsOf(view, map);
  for (size_t begin = 0; begin < segments.size(); begin += together) {
    size_t end = std::min(begin + together, segments.size());
    int64_t longest = 0;
    for (size_t row = begin; row < end; ++row)
      longest = std::max(longest, segments[row].count);
    for (int64_t i = 0; i < longest; ++i)
      for (size_t row = begin; row < end; ++row)
        if (i < segments[row].count)
          readOne(segments[row], i);
  }
  if (!fits)
    return Status(Code::InvalidInput, "a value does not fit into 32 bits");
  return {};
}

/// Calls body(From{}) with the C++ type of a stored dtype; false if it has none here.
template <typename Body> bool withStoredType(const std::string &dtype, Body &&body) {
  if (dtype == "F32")
    body(float{});
  else if (dtype == "F64")
    body(double{});
  else if (dtype == "F16")
    body(Half{});
  else if (dtype == "BF16")
    body(Bfloat{});
  else if (dtype == "I64")
    body(int64_t{});
  else if (dtype == "I32")
    body(int32_t{});
  else if (dtype == "U16")
    body(uint16_t{});
  else if (dtype == "U8")
    body(uint8_t{});
  else
    return false;
  return true;
}

} // namespace

SafetensorsReader::SafetensorsReader(std::string path, MappedFile file, SafetensorsHeader header,
                                     size_t dataBegin)
    : path_(std::move(path)), file_(std::move(file)), header_(std::move(header)),
      dataBegin_(dataBegin) {
  for (size_t i = 0; i < header_.tensors.size(); ++i)
    byName_.emplace(header_.tensors[i].name, i);
}

Result<SafetensorsReader> SafetensorsReader::open(const std::string &path) {
  TPC_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  size_t dataBegin = 0;
  Result<SafetensorsHeader> header = SafetensorsHeader::parse(file.bytes(), dataBegin);
  if (!header.ok())
    return Status(header.status()).withContext("'" + path + "'");
  return SafetensorsReader(path, std::move(file), std::move(*header), dataBegin);
}

const StoredTensor *SafetensorsReader::find(const std::string &name) const {
  auto found = byName_.find(name);
  return found == byName_.end() ? nullptr : &header_.tensors[found->second];
}

Status SafetensorsReader::read(const TensorSource &source, const CoordinateMap &map, DType dtype,
                               void *local) const {
  const StoredTensor *tensor = find(source.name);
  if (!tensor)
    return Status(Code::InvalidInput, "'" + path_ + "' has no tensor '" + source.name + "'");
  TPC_ASSIGN_OR_RETURN(View view, viewOf(source, *tensor));
  if (view.shape != map.globalShape())
    return Status(Code::InvalidInput, "tensor '" + source.name + "' gives shape " +
                                          shapeText(view.shape) + ", and the model needs " +
                                          shapeText(map.globalShape()));
  const uint8_t *bytes = file_.bytes().data() + dataBegin_ + tensor->begin;
  Status status;
  bool convertible = false;
  bool known = withStoredType(tensor->dtype, [&](auto from) {
    using From = decltype(from);
    constexpr bool integers = std::is_integral_v<Number<From>>;
    if (integers != (dtype == DType::I32))
      return;
    convertible = true;
    clearLocal(map, dtype, local);
    withElements(dtype, local,
                 [&](auto *to) { status = readElements<From>(bytes, view, map, to); });
  });
  if (!known || !convertible)
    return Status(Code::InvalidInput, "tensor '" + source.name + "' of type " + tensor->dtype +
                                          " does not convert to the type of the model");
  if (!status.ok())
    return std::move(status).withContext("tensor '" + source.name + "'");
  return {};
}

Status
SafetensorsReader::checkAllUsed(std::span<const TensorSource> sources,
                                const std::function<bool(const std::string &)> &ignored) const {
  std::map<std::string, std::vector<const TensorSource *>> users;
  for (const TensorSource &source : sources)
    users[source.name].push_back(&source);
  for (const StoredTensor &tensor : header_.tensors) {
    std::string name = "tensor '" + tensor.name + "' of '" + path_ + "'";
    auto found = users.find(tensor.name);
    if (found == users.end()) {
      if (ignored && ignored(tensor.name))
        continue;
      return Status(Code::InvalidInput, name + " belongs to no parameter of the model");
    }
    // Slices that do not overlap and have all the elements together are all of it.
    int64_t used = 0;
    std::vector<std::pair<int64_t, int64_t>> slices;
    int dim = found->second.front()->sliceDim;
    bool transpose = found->second.front()->transpose;
    for (const TensorSource *source : found->second) {
      TPC_ASSIGN_OR_RETURN(View view, viewOf(*source, tensor));
      if (source->sliceDim != dim || source->transpose != transpose)
        return Status(Code::InvalidInput, name + " is sliced along different dims");
      int64_t elements = 1;
      for (int64_t extent : view.shape)
        elements *= extent;
      used += elements;
      slices.emplace_back(source->sliceStart, source->sliceStart + source->sliceSize);
    }
    std::sort(slices.begin(), slices.end());
    for (size_t i = 1; i < slices.size(); ++i)
      if (dim < 0 || slices[i].first < slices[i - 1].second)
        return Status(Code::InvalidInput, name + " belongs to two parameters of the model");
    if (used != tensor.elements())
      return Status(Code::InvalidInput, name + " is used in part only");
  }
  return {};
}

} // namespace tpc
