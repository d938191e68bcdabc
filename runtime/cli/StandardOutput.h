//===- StandardOutput.h - What keeps a command from saying something ------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cerrno>
#include <cstring>

namespace tpc {

/// `error`: an errno, or 0 if it is not known any more.
inline Status standardOutputError(int error = errno) {
  const char *hint = error == EPIPE    ? "the program that reads it has ended"
                     : error == ENOSPC ? "it goes to a full disk: make room, or send it elsewhere"
                                       : "look at where it goes, or send it elsewhere";
  return Status(Code::InvalidInput,
                std::string("cannot write to standard output") +
                    (error ? ": " + std::string(std::strerror(error)) : ""),
                hint);
}

} // namespace tpc
