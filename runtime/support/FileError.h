//===- FileError.h - What the system says of a file ----------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cerrno>
#include <cstring>

namespace tpc {

/// "cannot read 'x': Permission denied", and what to do about it. `what` is "open", "write", ...;
/// `error` is an errno.
inline Status fileError(const std::string &what, const std::string &path, int error = errno) {
  bool isWritten = what.starts_with("write");
  Code code = Code::InvalidInput;
  std::string hint;
  switch (error) {
  case ENOENT:
    hint = isWritten ? "make its folder first" : "look at the spelling of its path";
    break;
  case ENOTDIR:
    hint = "a part of its path is a file and no folder";
    break;
  case EISDIR:
    hint = "it is a folder; name a file in it";
    break;
  case EACCES:
  case EPERM:
  case EROFS:
    hint = isWritten ? "choose a folder that may be written" : "look at its permissions";
    break;
  case ENOSPC:
  case EDQUOT:
    hint = "make room on its disk, or choose another one";
    break;
  case EFBIG:
    hint = "let files be larger: ulimit -f";
    break;
  case EMFILE:
  case ENFILE:
    code = Code::Unavailable;
    hint = "let the process open more files: ulimit -n";
    break;
  default:
    break;
  }
  return Status(code, "cannot " + what + " '" + path + "': " + std::strerror(error),
                std::move(hint));
}

} // namespace tpc
