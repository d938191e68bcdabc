//===- MappedFile.cpp - A file as read-only memory -----------------------------------------===//
#include "runtime/io/MappedFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tpc {

MappedFile::MappedFile(std::span<const uint8_t> bytes)
    : bytes_(bytes),
      mapping_(const_cast<uint8_t *>(bytes.data()), [size = bytes.size()](void *address) {
        if (size > 0)
          munmap(address, size);
      }) {}

Result<MappedFile> MappedFile::open(const std::string &path) {
  auto failed = [&](const char *what) {
    return Status(Code::InvalidInput,
                  std::string("cannot ") + what + " '" + path + "': " + std::strerror(errno));
  };
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return failed("open");
  struct stat info;
  if (fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
    if (S_ISDIR(info.st_mode))
      errno = EISDIR;
    Status status = failed("read");
    close(fd);
    return status;
  }
  auto size = static_cast<size_t>(info.st_size);
  void *address = nullptr;
  if (size > 0)
    address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  Status status = address == MAP_FAILED ? failed("map") : Status();
  close(fd);
  TPC_RETURN_IF_ERROR(std::move(status));
  return MappedFile(std::span(static_cast<const uint8_t *>(address), size));
}

} // namespace tpc
