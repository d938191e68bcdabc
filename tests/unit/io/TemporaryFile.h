//===- TemporaryFile.h - A file that lives as long as a test -------------------------------===//
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <unistd.h>

namespace tpc {

class TemporaryFile {
public:
  explicit TemporaryFile(const std::string &extension = "") {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("tpc-test-" + std::to_string(getpid()) + "-" + std::to_string(count++) + extension);
  }
  TemporaryFile(std::span<const uint8_t> bytes, const std::string &extension = "")
      : TemporaryFile(extension) {
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char *>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  ~TemporaryFile() { std::filesystem::remove_all(path_); }
  TemporaryFile(const TemporaryFile &) = delete;

  std::string path() const { return path_.string(); }

private:
  std::filesystem::path path_;
};

} // namespace tpc
