//===- SafetensorsWriter.cpp - Logical tensors into a safetensors file ---------------------===//
#include "runtime/io/SafetensorsWriter.h"

#include "runtime/io/JsonReader.h"
#include "runtime/support/FileError.h"

#include <atomic>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

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

namespace {

/// The unfinished file of this process, for a signal handler: a run saves one file at a time.
char unfinishedPath[PATH_MAX];
std::atomic<bool> unfinished = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler reads it");

/// What a link points to, or the path itself.
Result<std::string> targetOf(const std::string &path) {
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error);
  std::string target;
  if (!error)
    target = std::filesystem::weakly_canonical(absolute, error).string();
  if (error)
    return Status(Code::InvalidInput, "cannot write '" + path + "': " + error.message());
  if (target.size() + std::strlen(".partial") >= PATH_MAX)
    return Status(Code::InvalidInput, "cannot write '" + path + "': its name is too long",
                  "choose a shorter one");
  struct stat info;
  if (stat(target.c_str(), &info) != 0)
    return target;
  if (!S_ISREG(info.st_mode))
    return Status(Code::InvalidInput, "cannot write '" + path + "': it is not a regular file",
                  "name a file that is new, or one that may be replaced");
  if (access(target.c_str(), W_OK) != 0)
    return fileError("write", path);
  return target;
}

} // namespace

Result<SafetensorsWriter>
SafetensorsWriter::create(const std::string &path, const std::vector<SavedTensor> &tensors,
                          const std::map<std::string, std::string> &metadata) {
  SafetensorsWriter writer;
  TPC_ASSIGN_OR_RETURN(writer.path_, targetOf(path));
  writer.partial_ = writer.path_ + ".partial";
  TPC_ASSIGN_OR_RETURN(writer.header_, layOut(tensors, metadata));
  std::vector<uint8_t> header = writer.header_.serialise();
  writer.dataBegin_ = header.size();
  TPC_RETURN_IF_ERROR(writer.makeUnfinished(
      header.size() + (tensors.empty() ? 0 : writer.header_.tensors.back().end)));
  TPC_RETURN_IF_ERROR(writer.writeBytes(0, header));
  return writer;
}

Status SafetensorsWriter::makeUnfinished(uint64_t size) {
  fd_ = ::open(partial_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd_ < 0)
    return fileError("write", partial_);
  // What another run leaves behind is taken over; what it is writing, or has just put in its place,
  // is not.
  struct stat ours, there;
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0 || fstat(fd_, &ours) != 0 ||
      stat(partial_.c_str(), &there) != 0 || ours.st_ino != there.st_ino ||
      ours.st_dev != there.st_dev)
    return Status(Code::InvalidInput, "another process is saving to '" + path_ + "'",
                  "wait for it, or save to another file");
  std::memcpy(unfinishedPath, partial_.c_str(), partial_.size() + 1);
  unfinished = owner_ = true;
  if (ftruncate(fd_, 0) != 0)
    return fileError("write", partial_);
  // Some file systems can't reserve; there, a full disk is found by writing.
  auto bytes = static_cast<off_t>(size);
  if (fallocate(fd_, 0, 0, bytes) == 0)
    return {};
  if (errno != EOPNOTSUPP && errno != ENOSYS)
    return fileError("write " + std::to_string(size) + " bytes to", partial_);
  return ftruncate(fd_, bytes) == 0 ? Status() : fileError("write", partial_);
}

SafetensorsWriter::SafetensorsWriter(SafetensorsWriter &&other) noexcept
    : path_(std::move(other.path_)), partial_(std::move(other.partial_)),
      header_(std::move(other.header_)), owner_(std::exchange(other.owner_, false)),
      fd_(std::exchange(other.fd_, -1)), dataBegin_(other.dataBegin_) {}

SafetensorsWriter::~SafetensorsWriter() {
  if (owner_) {
    unlink(partial_.c_str());
    unfinished = false;
  }
  if (fd_ >= 0)
    close(fd_);
}

void SafetensorsWriter::removeUnfinished() noexcept {
  if (unfinished)
    unlink(unfinishedPath);
}

Status SafetensorsWriter::writeBytes(uint64_t offset, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t count = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return fileError("write", partial_);
    offset += static_cast<uint64_t>(count);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return {};
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
      status = writeBytes(dataBegin_ + tensor.begin + static_cast<uint64_t>(globalOffset * element),
                          {from + localOffset * element, static_cast<size_t>(length * element)});
  });
  return status;
}

Status SafetensorsWriter::commit() {
  if (fsync(fd_) != 0)
    return fileError("write", partial_);
  if (rename(partial_.c_str(), path_.c_str()) != 0)
    return fileError("write", path_);
  unfinished = owner_ = false;
  // The new name is permanent once its folder is.
  std::string folder = path_.substr(0, path_.rfind('/') + 1);
  int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fsync(fd) != 0) {
    Status status = fileError("write", folder);
    if (fd >= 0)
      close(fd);
    return status;
  }
  close(fd);
  return {};
}

} // namespace tpc
