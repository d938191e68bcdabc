//===- Temporary.h - Files and folders that live as long as a test -------------------------===//
//
// Each has a name that nobody else has: ctest runs several processes of one program at a time.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <system_error>

namespace tpc::test {

/// A new, empty folder, removed with everything that it holds by then.
class TemporaryFolder {
public:
  /// Throws std::system_error where no folder can be made.
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / "tpc-test-XXXXXX") {
    if (!mkdtemp(path_.data()))
      throw std::system_error(errno, std::generic_category(), path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  const std::string &path() const { return path_; }
  std::string path(const std::string &name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

/// The path of a file that does not exist yet, or that holds `bytes`, in a folder of its own.
class TemporaryFile {
public:
  explicit TemporaryFile(const std::string &extension = "")
      : path_(folder_.path("file" + extension)) {}
  explicit TemporaryFile(std::span<const uint8_t> bytes, const std::string &extension = "")
      : TemporaryFile(extension) {
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char *>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

  const std::string &path() const { return path_; }

private:
  TemporaryFolder folder_;
  std::string path_;
};

} // namespace tpc::test
