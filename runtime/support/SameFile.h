//===- SameFile.h - Paths that name one file ----------------------------------------------===//
#pragma once

#include <filesystem>
#include <string>

namespace tpc {

/// Whether two paths name one file, by whatever spelling or link, or would if it were there.
inline bool isSameFile(const std::string &a, const std::string &b) {
  auto placeOf = [](const std::string &path) {
    std::error_code error;
    std::filesystem::path place = std::filesystem::absolute(path, error);
    if (!error)
      place = std::filesystem::weakly_canonical(place, error);
    return error ? std::filesystem::path(path) : place;
  };
  std::error_code error;
  return placeOf(a) == placeOf(b) || std::filesystem::equivalent(a, b, error);
}

} // namespace tpc
