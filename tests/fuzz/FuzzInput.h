//===- FuzzInput.h - What the targets share ------------------------------------------------===//
//
// A target is one function over bytes, LLVMFuzzerTestOneInput. libFuzzer calls it with what it
// makes up (the `fuzz` preset), and Replay.cpp with the files of the seed corpus (every preset). A
// finding becomes a file of the corpus.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace tpc::fuzz {

/// A promise of the code under test.
inline void require(bool holds, const char *what) {
  if (holds)
    return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

/// What untrusted input may end in: acceptance, or an error that blames the input.
inline void requireBlame(const Status &status) {
  require(status.ok() || status.code() == Code::InvalidInput || status.code() == Code::Usage,
          "bad input is the input's fault");
  require(status.ok() || !status.message().empty(), "an error says what is wrong");
}

/// The bytes as a file with a path.
class MemoryFile {
public:
  MemoryFile(std::span<const uint8_t> bytes, const std::string &name)
      : descriptor_(memfd_create(name.c_str(), MFD_CLOEXEC)) {
    require(descriptor_ >= 0 && ::write(descriptor_, bytes.data(), bytes.size()) ==
                                    static_cast<ssize_t>(bytes.size()),
            "the fuzzer can make files");
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile &) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
  int descriptor_;
};

} // namespace tpc::fuzz
