//===- SafetensorsWriter.cpp - Logical tensors into a safetensors file ---------------------===//
#include "runtime/io/SafetensorsWriter.h"

#include "runtime/io/JsonReader.h"

#include <set>

namespace tpc {

static const char *storedName(DType dtype) {
  switch (dtype) {
  case DType::F64:
    return "F64";
  case DType::BF16:
    return "BF16";
  case DType::I32:
    return "I32";
  case DType::F32:
    break;
  }
  return "F32";
}

/// The tensors one after the other, in the order given.
static Result<SafetensorsHeader> layOut(const std::vector<SavedTensor> &tensors,
                                        const std::map<std::string, std::string> &metadata) {
  SafetensorsHeader header;
  header.metadata = metadata;
  std::set<std::string> names;
  uint64_t at = 0;
  for (const SavedTensor &tensor : tensors) {
    if (!isUtf8(tensor.name) || tensor.name == "__metadata__" || !names.insert(tensor.name).second)
      return Status(Code::Internal, "'" + tensor.name + "' cannot be the name of a saved tensor");
    uint64_t bytes = byteSize(tensor.dtype);
    for (int64_t extent : tensor.shape)
      bytes *= static_cast<uint64_t>(extent);
    header.tensors.push_back({tensor.name, storedName(tensor.dtype), tensor.shape, at, at + bytes});
    at += bytes;
  }
  return header;
}

bool writesSlice(const Sharding &sharding, const Mesh &mesh, int64_t rank) {
  for (AxisId axis = 0; axis < mesh.axes.size(); ++axis)
    if (sharding.placementOn(axis).kind != Placement::Split && mesh.coordinate(rank, axis) != 0)
      return false;
  return true;
}

Result<SafetensorsWriter>
SafetensorsWriter::create(const std::string &path, const std::vector<SavedTensor> &tensors,
                          const std::map<std::string, std::string> &metadata,
                          const WhenBusy &whenBusy) {
  TPC_ASSIGN_OR_RETURN(SafetensorsHeader header, layOut(tensors, metadata));
  std::vector<uint8_t> bytes = header.serialise();
  uint64_t size = bytes.size() + (tensors.empty() ? 0 : header.tensors.back().end);
  TPC_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(path, size, whenBusy));
  TPC_RETURN_IF_ERROR(file.write(0, bytes));
  return SafetensorsWriter(std::move(file), std::move(header), bytes.size());
}

Status SafetensorsWriter::write(size_t index, const CoordinateMap &map, const void *local) {
  const StoredTensor &tensor = header_.tensors[index];
  if (tensor.shape != map.globalShape())
    return Status(Code::Internal, "'" + tensor.name + "' is saved in another shape");
  auto element = static_cast<int64_t>(storedElementSize(tensor.dtype));
  auto *from = static_cast<const uint8_t *>(local);
  Status status;
  map.forEachRun([&](int64_t localOffset, int64_t globalOffset, int64_t length) {
    if (status.ok())
      status =
          file_.write(dataBegin_ + tensor.begin + static_cast<uint64_t>(globalOffset * element),
                      {from + localOffset * element, static_cast<size_t>(length * element)});
  });
  return status;
}

} // namespace tpc
