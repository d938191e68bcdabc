//===- SafetensorsWriter.cpp - Logical tensors into a safetensors file ---------------------===//
#include "runtime/io/SafetensorsWriter.h"

#include "runtime/io/JsonReader.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <set>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace tpc {

static Status systemError(const std::string &what, const std::string &path, int error = errno) {
  return Status(Code::InvalidInput, "cannot " + what + " '" + path + "': " + std::strerror(error));
}

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
                          const std::map<std::string, std::string> &metadata) {
  return open(path, tensors, metadata, /*create=*/true);
}

Result<SafetensorsWriter>
SafetensorsWriter::join(const std::string &path, const std::vector<SavedTensor> &tensors,
                        const std::map<std::string, std::string> &metadata) {
  return open(path, tensors, metadata, /*create=*/false);
}

Result<SafetensorsWriter>
SafetensorsWriter::open(const std::string &path, const std::vector<SavedTensor> &tensors,
                        const std::map<std::string, std::string> &metadata, bool create) {
  SafetensorsWriter writer;
  writer.path_ = path;
  writer.partial_ = path + ".partial";
  TPC_ASSIGN_OR_RETURN(writer.header_, layOut(tensors, metadata));
  std::vector<uint8_t> header = writer.header_.serialise();
  writer.dataBegin_ = header.size();
  size_t size = header.size() + (tensors.empty() ? 0 : writer.header_.tensors.back().end);

  int flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_TRUNC : 0);
  writer.fd_ = ::open(writer.partial_.c_str(), flags, 0666);
  if (writer.fd_ < 0)
    return systemError("write", writer.partial_);
  writer.owner_ = create;
  // Reserved now: a full disk is an error here and not a signal while writing.
  if (int error = create ? posix_fallocate(writer.fd_, 0, static_cast<off_t>(size)) : 0)
    return systemError("write " + std::to_string(size) + " bytes to", writer.partial_, error);
  struct stat info;
  if (fstat(writer.fd_, &info) != 0)
    return systemError("read", writer.partial_);
  if (static_cast<size_t>(info.st_size) != size)
    return Status(Code::Internal, "'" + writer.partial_ + "' is not the file that this rank joins");
  void *address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, writer.fd_, 0);
  if (address == MAP_FAILED)
    return systemError("map", writer.partial_);
  writer.bytes_ = {static_cast<uint8_t *>(address), size};
  if (create)
    std::memcpy(address, header.data(), header.size());
  return writer;
}

SafetensorsWriter::SafetensorsWriter(SafetensorsWriter &&other) noexcept
    : path_(std::move(other.path_)), partial_(std::move(other.partial_)),
      header_(std::move(other.header_)), owner_(std::exchange(other.owner_, false)),
      fd_(std::exchange(other.fd_, -1)), bytes_(std::exchange(other.bytes_, {})),
      dataBegin_(other.dataBegin_) {}

SafetensorsWriter::~SafetensorsWriter() {
  if (!bytes_.empty())
    munmap(bytes_.data(), bytes_.size());
  if (fd_ >= 0)
    close(fd_);
  if (owner_)
    unlink(partial_.c_str());
}

Status SafetensorsWriter::write(size_t index, const CoordinateMap &map, const void *local) {
  const StoredTensor &tensor = header_.tensors[index];
  if (tensor.shape != map.globalShape())
    return Status(Code::Internal, "'" + tensor.name + "' is saved in another shape");
  auto element = static_cast<int64_t>(storedElementSize(tensor.dtype));
  uint8_t *to = bytes_.data() + dataBegin_ + tensor.begin;
  auto *from = static_cast<const uint8_t *>(local);
  map.forEachRun([&](int64_t localOffset, int64_t globalOffset, int64_t length) {
    std::memcpy(to + globalOffset * element, from + localOffset * element,
                static_cast<size_t>(length * element));
  });
  return {};
}

Status SafetensorsWriter::flush() {
  if (msync(bytes_.data(), bytes_.size(), MS_SYNC) != 0 || fsync(fd_) != 0)
    return systemError("write", partial_);
  return {};
}

Status SafetensorsWriter::commit() {
  TPC_RETURN_IF_ERROR(flush());
  if (rename(partial_.c_str(), path_.c_str()) != 0)
    return systemError("write", path_);
  owner_ = false;
  // The new name is permanent once its folder is.
  size_t slash = path_.rfind('/');
  std::string folder = slash == path_.npos ? "." : path_.substr(0, slash + 1);
  int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fsync(fd) != 0) {
    Status status = systemError("write", folder);
    if (fd >= 0)
      close(fd);
    return status;
  }
  close(fd);
  return {};
}

} // namespace tpc
