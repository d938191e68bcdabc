//===- AtomicFile.h - A file that is there whole or not at all ------------------------------===//
//
// It is written beside its target, as "TARGET.partial", and replaces the target only when it is
// complete and on the disk: a reader sees the old file or the new one. A target that is a link
// stays one; what it points to is replaced. What is no regular file is not replaced.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace tpc {

/// What happens while another process, or another file of this one, is being written to the same
/// target.
class WhenBusy {
public:
  static WhenBusy fail() { return {}; }
  static WhenBusy wait() { return waitFor(std::chrono::milliseconds::max()); }
  /// Fails after `patience`; calls `onWait`, once, if there is something to wait for.
  static WhenBusy waitFor(std::chrono::milliseconds patience, std::function<void()> onWait = {}) {
    WhenBusy result;
    result.patience_ = patience;
    result.onWait_ = std::move(onWait);
    return result;
  }

private:
  friend class AtomicFile;
  bool isEndless() const { return patience_ == std::chrono::milliseconds::max(); }

  std::chrono::milliseconds patience_{0};
  std::function<void()> onWait_;
};

class AtomicFile {
public:
  /// Makes the unfinished file and reserves its bytes, so that a full disk or a folder that can't
  /// be written is an error now.
  static Result<AtomicFile> create(const std::string &path, uint64_t size,
                                   const WhenBusy &whenBusy);
  AtomicFile(AtomicFile &&other) noexcept;
  AtomicFile &operator=(AtomicFile &&) = delete;
  /// Without commit, removes the unfinished file.
  ~AtomicFile();

  /// Threads may write at the same time.
  Status write(uint64_t offset, std::span<const uint8_t> bytes);

  /// Makes what was written permanent and puts the file in its place.
  Status commit();

  /// Removes the unfinished file of this process, if there is one; of several, that which was begun
  /// first. A signal handler may call it.
  static void removeUnfinished() noexcept;

private:
  AtomicFile() = default;
  /// Opens the unfinished file and makes it this process's own.
  Status acquire(const WhenBusy &whenBusy);
  /// The same once; with `waits`, when nobody writes to it. False: another process has it, or has
  /// just put it in its place.
  Result<bool> open(bool waits);
  Status reserve(uint64_t size);

  std::string path_; ///< as it was given
  std::string target_, partial_;
  int fd_ = -1;
  bool isOwner_ = false; ///< of the unfinished file
  bool isNoted_ = false; ///< for removeUnfinished
};

/// All of a file at once. Who writes the same one at the same time is waited for.
Status writeFileAtomically(const std::string &path, std::span<const uint8_t> bytes);

/// Whether that could be done, as far as is known before; a file that stands there stays as it is.
Status tryFile(const std::string &path);

} // namespace tpc
