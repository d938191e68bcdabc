//===- SafetensorsHeader.cpp - The header of a safetensors file ----------------------------===//
#include "runtime/io/SafetensorsHeader.h"

#include "runtime/io/JsonReader.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <set>

namespace tpc {
namespace {

/// Longer headers are refused before anything is read, as the format's own library does.
constexpr uint64_t longestHeader = 100'000'000;
constexpr const char *metadataKey = "__metadata__";

Status damaged(const std::string &what) {
  return Status(Code::InvalidInput, what, "the file is damaged or not a safetensors file");
}

bool readTensor(JsonReader &json, StoredTensor &tensor) {
  std::set<std::string> seen;
  std::vector<uint64_t> offsets;
  bool good = json.object([&](const std::string &key) {
    if (!seen.insert(key).second)
      return json.fail("'" + key + "' given twice for tensor '" + tensor.name + "'");
    if (key == "dtype")
      return json.string(tensor.dtype);
    uint64_t value;
    if (key == "shape")
      return json.array([&] {
        if (!json.integer(value))
          return false;
        if (value > INT64_MAX)
          return json.fail("an extent above 2^63 - 1");
        tensor.shape.push_back(static_cast<int64_t>(value));
        return true;
      });
    if (key == "data_offsets")
      return json.array([&] {
        if (!json.integer(value))
          return false;
        offsets.push_back(value);
        return true;
      });
    return json.fail("unknown key '" + key + "' of tensor '" + tensor.name + "'");
  });
  if (!good)
    return false;
  if (seen.size() != 3 || offsets.size() != 2)
    return json.fail("tensor '" + tensor.name + "' needs dtype, shape and two data_offsets");
  tensor.begin = offsets[0];
  tensor.end = offsets[1];
  return true;
}

bool readHeader(JsonReader &json, SafetensorsHeader &header) {
  std::set<std::string> names;
  return json.object([&](const std::string &key) {
    if (!names.insert(key).second)
      return json.fail("'" + key + "' given twice");
    if (key == metadataKey)
      return json.object([&](const std::string &entry) {
        std::string value;
        return json.string(value) && (header.metadata.emplace(entry, value).second ||
                                      json.fail("metadata '" + entry + "' given twice"));
      });
    StoredTensor tensor;
    tensor.name = key;
    if (!readTensor(json, tensor))
      return false;
    header.tensors.push_back(std::move(tensor));
    return true;
  }) && json.atEnd();
}

/// Bytes of the tensor, or -1 if they overflow; so that an empty one has strides too, its zero
/// extents count as one in that.
int64_t byteCount(const StoredTensor &tensor) {
  auto bytes = static_cast<int64_t>(storedElementSize(tensor.dtype));
  bool empty = false;
  for (int64_t extent : tensor.shape) {
    empty |= extent == 0;
    if (__builtin_mul_overflow(bytes, std::max<int64_t>(extent, 1), &bytes))
      return -1;
  }
  return empty ? 0 : bytes;
}

/// The tensors' bytes follow each other from 0 to the end of the file.
Status checkLayout(SafetensorsHeader &header, uint64_t dataBytes) {
  std::stable_sort(header.tensors.begin(), header.tensors.end(), [](const auto &a, const auto &b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  uint64_t expected = 0;
  for (const StoredTensor &tensor : header.tensors) {
    std::string name = "tensor '" + tensor.name + "'";
    if (storedElementSize(tensor.dtype) == 0)
      return damaged(name + " has the unknown dtype '" + tensor.dtype + "'");
    if (tensor.end < tensor.begin)
      return damaged(name + " ends before it begins");
    if (tensor.begin != expected)
      return damaged(name + (tensor.begin < expected ? " overlaps the one before"
                                                     : " leaves a hole before it"));
    if (tensor.end > dataBytes)
      return damaged(name + " ends " + std::to_string(tensor.end - dataBytes) +
                     " bytes behind the end of the file");
    int64_t bytes = byteCount(tensor);
    if (bytes < 0 || static_cast<uint64_t>(bytes) != tensor.end - tensor.begin)
      return damaged(name + " has another number of bytes than its shape");
    expected = tensor.end;
  }
  if (expected != dataBytes)
    return damaged(std::to_string(dataBytes - expected) + " bytes belong to no tensor");
  return {};
}

std::string quoted(const std::string &text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr const char *digits = "0123456789abcdef";
      result += "\\u00";
      result += digits[c >> 4];
      result += digits[c & 15];
    } else {
      result += c;
    }
  }
  return result + '"';
}

} // namespace

int64_t StoredTensor::elements() const {
  return static_cast<int64_t>((end - begin) / storedElementSize(dtype));
}

size_t storedElementSize(std::string_view dtype) {
  static const std::map<std::string_view, size_t> sizes = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
      {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
      {"U32", 4},  {"F32", 4}, {"I64", 8}, {"U64", 8},     {"F64", 8}};
  auto found = sizes.find(dtype);
  return found == sizes.end() ? 0 : found->second;
}

Result<uint64_t> SafetensorsHeader::textLength(std::span<const uint8_t> first, uint64_t fileSize) {
  uint64_t length = 0;
  if (first.size() < kLengthBytes || fileSize < kLengthBytes)
    return damaged("the file is too short for a header");
  std::memcpy(&length, first.data(), kLengthBytes);
  if (length > longestHeader)
    return damaged("the header claims " + std::to_string(length) + " bytes");
  if (length > fileSize - kLengthBytes)
    return damaged("the header is longer than the file");
  return length;
}

Result<SafetensorsHeader> SafetensorsHeader::parse(std::string_view text, uint64_t fileSize) {
  if (text.empty() || text[0] != '{')
    return damaged("the header does not begin with '{'");
  if (!isUtf8(text))
    return damaged("the header is not UTF-8");
  SafetensorsHeader header;
  JsonReader json(text);
  if (!readHeader(json, header))
    return damaged("bad header: " + json.error());
  TPC_RETURN_IF_ERROR(checkLayout(header, fileSize - kLengthBytes - text.size()));
  return header;
}

std::vector<uint8_t> SafetensorsHeader::serialise() const {
  std::string text = "{";
  auto separate = [&] {
    if (text.size() > 1)
      text += ',';
  };
  auto list = [](const auto &values) {
    std::string result = "[";
    for (auto value : values)
      result += (result.size() > 1 ? "," : "") + std::to_string(value);
    return result + ']';
  };
  if (!metadata.empty()) {
    text += quoted(metadataKey) + ":{";
    for (auto entry = metadata.begin(); entry != metadata.end(); ++entry)
      text += (entry == metadata.begin() ? "" : ",") + quoted(entry->first) + ':' +
              quoted(entry->second);
    text += '}';
  }
  for (const StoredTensor &tensor : tensors) {
    separate();
    text += quoted(tensor.name) + ":{\"dtype\":" + quoted(tensor.dtype) +
            ",\"shape\":" + list(tensor.shape) +
            ",\"data_offsets\":" + list(std::vector{tensor.begin, tensor.end}) + '}';
  }
  text += '}';
  text.resize((kLengthBytes + text.size() + 63) / 64 * 64 - kLengthBytes, ' ');
  uint64_t length = text.size();
  std::vector<uint8_t> bytes(kLengthBytes + text.size());
  std::memcpy(bytes.data(), &length, kLengthBytes);
  std::copy(text.begin(), text.end(), bytes.begin() + kLengthBytes);
  return bytes;
}

} // namespace tpc
