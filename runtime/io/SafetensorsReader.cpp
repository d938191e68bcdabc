//===- SafetensorsReader.cpp - Weights from a safetensors file -----------------------------===//
#include "runtime/io/SafetensorsReader.h"

#include "runtime/io/LocalElements.h"
#include "runtime/io/SafetensorsIndex.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <filesystem>
#include <set>
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
  for (size_t dim = view.shape.size(); dim-- > 0; stride *= std::max<int64_t>(1, view.shape[dim]))
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

/// Converts stored elements into one rank's.
template <typename From, typename To> class ElementReader {
public:
  ElementReader(const InputFile &file, uint64_t begin, To *local)
      : file_(file), begin_(begin), local_(local) {}

  Status read(const View &view, const CoordinateMap &map) {
    std::vector<Segment> segments = segmentsOf(view, map);
    if (segments.empty())
      return {};
    int64_t step = view.strides.empty() ? 1 : view.strides.back();
    // A matrix of one column is in order either way.
    bool inOrder = step == 1 || view.shape.back() == 1;
    TPC_RETURN_IF_ERROR(inOrder ? readInOrder(segments) : readTransposed(segments, step));
    if (!fits_)
      return Status(Code::InvalidInput, "a value does not fit into 32 bits");
    return {};
  }

private:
  static constexpr int64_t chunk = (1 << 20) / sizeof(From);

  /// Segments that follow each other in the file are read together.
  Status readInOrder(std::span<const Segment> segments) {
    int64_t begin = 0, end = 0;
    for (size_t i = 0; i < segments.size(); ++i)
      for (int64_t done = 0; done < segments[i].count;) {
        int64_t at = segments[i].from + done;
        if (at < begin || at >= end) {
          begin = at;
          end = segments[i].from + segments[i].count;
          for (size_t next = i + 1;
               next < segments.size() && segments[next].from == end && end - at < chunk; ++next)
            end += segments[next].count;
          end = std::min(end, at + chunk);
          TPC_RETURN_IF_ERROR(load(begin, end - begin, 0));
        }
        int64_t count = std::min(segments[i].count - done, end - at);
        for (int64_t k = 0; k < count; ++k)
          convert(at - begin + k, segments[i].to + done + k);
        done += count;
      }
    return {};
  }

  /// Each segment is a part of a column of the stored matrix, whose rows are `width` long. Bands of
  /// rows are read, of each row the columns that are needed.
  Status readTransposed(std::span<const Segment> segments, int64_t width) {
    int64_t firstRow = INT64_MAX, lastRow = 0, firstColumn = INT64_MAX, lastColumn = 0;
    for (const Segment &segment : segments) {
      firstRow = std::min(firstRow, segment.from / width);
      lastRow = std::max(lastRow, segment.from / width + segment.count);
      firstColumn = std::min(firstColumn, segment.from % width);
      lastColumn = std::max(lastColumn, segment.from % width + 1);
    }
    int64_t columns = lastColumn - firstColumn, band = std::max<int64_t>(1, chunk / columns);
    for (int64_t row = firstRow; row < lastRow; row += band) {
      int64_t end = std::min(row + band, lastRow);
      for (int64_t r = row; r < end; ++r)
        TPC_RETURN_IF_ERROR(load(r * width + firstColumn, columns, (r - row) * columns));
      for (const Segment &segment : segments) {
        int64_t top = segment.from / width, column = segment.from % width - firstColumn;
        for (int64_t r = std::max(row, top); r < std::min(end, top + segment.count); ++r)
          convert((r - row) * columns + column, segment.to + r - top);
      }
    }
    return {};
  }

  /// Puts `count` stored elements from `index` on at `at` of the buffer.
  Status load(int64_t index, int64_t count, int64_t at) {
    constexpr auto size = static_cast<int64_t>(sizeof(From));
    if (buffer_.size() < static_cast<size_t>((at + count) * size))
      buffer_.resize(static_cast<size_t>((at + count) * size));
    return file_.read(begin_ + static_cast<uint64_t>(index * size),
                      std::span(buffer_).subspan(static_cast<size_t>(at * size),
                                                 static_cast<size_t>(count * size)));
  }

  void convert(int64_t at, int64_t to) {
    auto value = toNumber(elementAt<From>(buffer_.data(), at));
    if constexpr (std::is_same_v<To, int32_t>)
      fits_ &= value >= INT32_MIN && (value < 0 || static_cast<uint64_t>(value) <= INT32_MAX);
    store(value, local_[to]);
  }

  const InputFile &file_;
  uint64_t begin_;
  To *local_;
  std::vector<uint8_t> buffer_;
  bool fits_ = true;
};

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

static Result<SafetensorsHeader> readHeader(const InputFile &file, uint64_t &dataBegin) {
  constexpr size_t lengthBytes = SafetensorsHeader::kLengthBytes;
  TPC_ASSIGN_OR_RETURN(std::vector<uint8_t> first,
                       file.read(0, std::min<uint64_t>(lengthBytes, file.size())));
  TPC_ASSIGN_OR_RETURN(uint64_t length, SafetensorsHeader::textLength(first, file.size()));
  TPC_ASSIGN_OR_RETURN(std::vector<uint8_t> text, file.read(lengthBytes, length));
  dataBegin = lengthBytes + length;
  return SafetensorsHeader::parse({reinterpret_cast<const char *>(text.data()), text.size()},
                                  file.size());
}

Status SafetensorsReader::add(const std::string &path) {
  TPC_ASSIGN_OR_RETURN(InputFile file, InputFile::open(path));
  uint64_t dataBegin = 0;
  Result<SafetensorsHeader> header = readHeader(file, dataBegin);
  if (!header.ok())
    return Status(header.status()).withContext("'" + path + "'");
  for (StoredTensor &tensor : header->tensors) {
    auto [there, isNew] =
        byName_.emplace(tensor.name, Place{header_.tensors.size(), parts_.size()});
    if (!isNew)
      return Status(Code::InvalidInput,
                    "tensor '" + tensor.name + "' is in '" +
                        parts_[there->second.part].file.path() + "' and in '" + path + "'",
                    "a checkpoint holds a tensor once: the files are not of one checkpoint");
    header_.tensors.push_back(std::move(tensor));
  }
  header_.metadata = std::move(header->metadata);
  parts_.push_back({std::move(file), dataBegin});
  return Status();
}

Result<SafetensorsReader> SafetensorsReader::open(const std::string &path) {
  SafetensorsReader reader(path);
  TPC_RETURN_IF_ERROR(reader.add(path));
  return reader;
}

Result<SafetensorsReader> SafetensorsReader::openIndex(const std::string &path) {
  TPC_ASSIGN_OR_RETURN(SafetensorsIndex index, SafetensorsIndex::open(path));
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  auto pathOf = [&](const std::string &file) { return (folder / file).string(); };
  std::set<std::string> files;
  for (const auto &[tensor, file] : index.files)
    files.insert(file);
  SafetensorsReader reader(path);
  for (const std::string &file : files) {
    std::error_code error;
    if (!std::filesystem::exists(pathOf(file), error) && !error)
      return Status(Code::InvalidInput,
                    "'" + path + "' names '" + file + "', which does not lie beside it",
                    "a part of the checkpoint is missing; fetch it again");
    TPC_RETURN_IF_ERROR(reader.add(pathOf(file)));
  }
  for (const auto &[tensor, file] : index.files) {
    const StoredTensor *stored = reader.find(tensor);
    if (!stored || reader.partOf(*stored).file.path() != pathOf(file))
      return Status(Code::InvalidInput,
                    "'" + path + "' says that '" + tensor + "' is in '" + file + "', and it is " +
                        (stored ? "in '" + reader.partOf(*stored).file.path() + "'" : "not there"),
                    "the index and the files are not of one checkpoint; fetch it again");
  }
  reader.header_.metadata.clear();
  return reader;
}

const StoredTensor *SafetensorsReader::find(const std::string &name) const {
  auto found = byName_.find(name);
  return found == byName_.end() ? nullptr : &header_.tensors[found->second.tensor];
}

const SafetensorsReader::Part &SafetensorsReader::partOf(const StoredTensor &tensor) const {
  return parts_[byName_.at(tensor.name).part];
}

std::vector<std::string> SafetensorsReader::files() const {
  std::vector<std::string> files;
  for (const Part &part : parts_)
    files.push_back(part.file.path());
  return files;
}

static Status checkShape(const TensorSource &source, const std::vector<int64_t> &given,
                         const std::vector<int64_t> &wanted) {
  if (given == wanted)
    return {};
  return Status(Code::InvalidInput, "tensor '" + source.name + "' gives shape " + shapeText(given) +
                                        ", and the model needs " + shapeText(wanted));
}

Status SafetensorsReader::read(const TensorSource &source, const CoordinateMap &map, DType dtype,
                               void *local) const {
  const StoredTensor *tensor = find(source.name);
  if (!tensor)
    return Status(Code::InvalidInput, "'" + path() + "' has no tensor '" + source.name + "'");
  TPC_ASSIGN_OR_RETURN(View view, viewOf(source, *tensor));
  TPC_RETURN_IF_ERROR(checkShape(source, view.shape, map.globalShape()));
  Status status;
  bool convertible = false;
  bool known = withStoredType(tensor->dtype, [&](auto from) {
    using From = decltype(from);
    constexpr bool integers = std::is_integral_v<Number<From>>;
    if (integers != (dtype == DType::I32))
      return;
    convertible = true;
    clearLocal(map, dtype, local);
    withElements(dtype, local, [&](auto *to) {
      using To = std::remove_pointer_t<decltype(to)>;
      const Part &part = partOf(*tensor);
      status =
          ElementReader<From, To>(part.file, part.dataBegin + tensor->begin, to).read(view, map);
    });
  });
  if (!known || !convertible)
    return Status(Code::InvalidInput, "tensor '" + source.name + "' of type " + tensor->dtype +
                                          " does not convert to the type of the model");
  if (!status.ok())
    return std::move(status).withContext("tensor '" + source.name + "'");
  return {};
}

/// Slices that do not overlap and have all the elements together are all of a tensor.
static Status checkCovered(const StoredTensor &tensor, const std::string &name,
                           std::span<const TensorSource *const> users) {
  int64_t used = 0;
  std::vector<std::pair<int64_t, int64_t>> slices;
  int dim = users.front()->sliceDim;
  bool transpose = users.front()->transpose;
  for (const TensorSource *source : users) {
    TPC_ASSIGN_OR_RETURN(View view, viewOf(*source, tensor));
    if (source->sliceDim != dim || source->transpose != transpose)
      return Status(Code::InvalidInput, name + " is sliced along different dims",
                    "one tensor is sliced along one dim, by all parameters whose `source` it is");
    int64_t elements = 1;
    for (int64_t extent : view.shape)
      elements *= extent;
    used += elements;
    slices.emplace_back(source->sliceStart, source->sliceStart + source->sliceSize);
  }
  std::sort(slices.begin(), slices.end());
  for (size_t i = 1; i < slices.size(); ++i)
    if (dim < 0 || slices[i].first < slices[i - 1].second)
      return Status(Code::InvalidInput, name + " belongs to two parameters of the model",
                    "their `source` slices overlap");
  if (used != tensor.elements())
    return Status(Code::InvalidInput, name + " is used in part only",
                  "slices of the parameters' `source` are all of a tensor together");
  return {};
}

/// The first names, for a hint.
static std::string listOf(const std::vector<StoredTensor> &tensors) {
  constexpr size_t most = 4;
  std::string list;
  for (size_t i = 0; i < std::min(most, tensors.size()); ++i)
    list += (i ? ", '" : "'") + tensors[i].name + "'";
  if (tensors.size() > most)
    list += " and " + std::to_string(tensors.size() - most) + " more";
  return list.empty() ? "no tensors" : list;
}

/// The pattern of a tensor's name that stands for all layers: numbers become `*`.
static std::string patternOf(const std::string &name) {
  std::string pattern;
  for (size_t begin = 0; begin <= name.size();) {
    size_t end = std::min(name.find('.', begin), name.size());
    std::string part = name.substr(begin, end - begin);
    bool number = !part.empty() && part.find_first_not_of("0123456789") == part.npos;
    pattern += (begin ? "." : "") + (number ? "*" : part);
    begin = end + 1;
  }
  return pattern;
}

Status SafetensorsReader::check(std::span<const WantedTensor> wanted,
                                const std::function<bool(const std::string &)> &ignored) const {
  std::map<std::string, std::vector<const TensorSource *>> users;
  for (const WantedTensor &want : wanted) {
    const StoredTensor *tensor = find(want.source.name);
    if (!tensor)
      return Status(Code::InvalidInput, "'" + path() + "' has no tensor '" + want.source.name + "'",
                    (parts_.size() == 1 ? "the file holds " : "the files hold ") +
                        listOf(tensors()));
    TPC_ASSIGN_OR_RETURN(View view, viewOf(want.source, *tensor));
    TPC_RETURN_IF_ERROR(checkShape(want.source, view.shape, want.shape)
                            .withContext("'" + partOf(*tensor).file.path() + "'"));
    users[want.source.name].push_back(&want.source);
  }
  for (const StoredTensor &tensor : header_.tensors) {
    std::string name = "tensor '" + tensor.name + "' of '" + partOf(tensor).file.path() + "'";
    auto found = users.find(tensor.name);
    if (found != users.end()) {
      TPC_RETURN_IF_ERROR(checkCovered(tensor, name, found->second));
    } else if (!ignored || !ignored(tensor.name)) {
      return Status(Code::InvalidInput, name + " belongs to no parameter of the model",
                    "if the model does not need it: --unused '" + patternOf(tensor.name) + "'");
    }
  }
  return {};
}

} // namespace tpc
