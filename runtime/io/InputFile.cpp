//===- InputFile.cpp - A file that is read in parts ----------------------------------------===//
#include "runtime/io/InputFile.h"

#include "runtime/support/FileError.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tpc {

InputFile::InputFile(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(new int(descriptor), [](const int *owned) {
        close(*owned);
        delete owned;
      }) {}

Result<InputFile> InputFile::open(const std::string &path) {
  // Not to wait for the other end of a pipe.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return fileError("open", path);
  InputFile file(path, descriptor);
  struct stat info;
  if (fstat(descriptor, &info) != 0)
    return fileError("read", path);
  if (!S_ISREG(info.st_mode))
    return Status(Code::InvalidInput, "'" + path + "' is not a regular file",
                  "name a file, not a folder or a device");
  file.size_ = static_cast<uint64_t>(info.st_size);
  return file;
}

Status InputFile::read(uint64_t offset, std::span<uint8_t> to) const {
  while (!to.empty()) {
    ssize_t count = pread(*descriptor_, to.data(), to.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return Status(Code::InvalidInput, "cannot read '" + path_ + "' at byte " +
                                            std::to_string(offset) + ": " + std::strerror(errno));
    if (count == 0)
      return Status(Code::InvalidInput,
                    "'" + path_ + "' ends at byte " + std::to_string(offset) + ", and had " +
                        std::to_string(size_) + " bytes when it was opened",
                    "something cut the file while it was in use; write a new file beside it and "
                    "rename that");
    offset += static_cast<uint64_t>(count);
    to = to.subspan(static_cast<size_t>(count));
  }
  return {};
}

Result<std::vector<uint8_t>> InputFile::read(uint64_t offset, uint64_t count) const {
  std::vector<uint8_t> bytes(count);
  TPC_RETURN_IF_ERROR(read(offset, bytes));
  return bytes;
}

} // namespace tpc
