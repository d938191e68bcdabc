//===- AtomicFile.cpp - A file that is there whole or not at all ----------------------------===//
#include "runtime/support/AtomicFile.h"

#include "runtime/support/FileError.h"
#include "runtime/support/Patience.h"

#include <atomic>
#include <climits>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace tpc;

namespace {

constexpr const char *kSuffix = ".partial";

/// The unfinished file of this process, for a signal handler. While it is opened it may be there
/// already, and may be another process's.
enum class Noted : uint8_t { None, Opening, Ready };
char notedPath[PATH_MAX];
std::atomic<Noted> noted = Noted::None;
static_assert(std::atomic<Noted>::is_always_lock_free, "a signal handler reads it");

/// While it lives, no signal that ends a run is handled by this thread.
class SignalsLater {
public:
  SignalsLater() {
    sigset_t ending;
    sigemptyset(&ending);
    for (int signal : {SIGINT, SIGTERM, SIGHUP})
      sigaddset(&ending, signal);
    pthread_sigmask(SIG_BLOCK, &ending, &before_);
  }
  ~SignalsLater() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsLater(const SignalsLater &) = delete;

private:
  sigset_t before_;
};

/// What a link points to, or the path itself.
Result<std::string> targetOf(const std::string &path) {
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error);
  std::string target;
  if (!error)
    target = std::filesystem::weakly_canonical(absolute, error).string();
  if (error)
    return fileError("write", path, error.value());
  if (target.size() + std::strlen(kSuffix) >= PATH_MAX)
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

/// Whether locks are what a file system does not have.
bool hasNoLocks(int error) {
  return error == ENOSYS || error == EOPNOTSUPP || error == ENOLCK || error == EINVAL;
}

} // namespace

Result<AtomicFile> AtomicFile::create(const std::string &path, uint64_t size,
                                      const WhenBusy &whenBusy) {
  AtomicFile file;
  TPC_ASSIGN_OR_RETURN(file.target_, targetOf(path));
  file.path_ = path;
  file.partial_ = file.target_ + kSuffix;
  TPC_RETURN_IF_ERROR(file.acquire(whenBusy));
  TPC_RETURN_IF_ERROR(file.reserve(size));
  return file;
}

Status AtomicFile::acquire(const WhenBusy &whenBusy) {
  const bool isEndless = whenBusy.isEndless(), waits = whenBusy.patience_.count() > 0;
  Patience patience(whenBusy.patience_);
  for (bool isFirst = true;; isFirst = false) {
    // Whoever waits for another process can be ended meanwhile.
    std::optional<SignalsLater> later;
    if (!isEndless)
      later.emplace();
    Noted none = Noted::None;
    const bool notes = noted.compare_exchange_strong(none, Noted::Opening);
    Result<bool> isOurs = open(isEndless);
    isOwner_ = isOurs.ok() && *isOurs;
    isNoted_ = notes && isOwner_;
    if (isNoted_)
      std::memcpy(notedPath, partial_.c_str(), partial_.size() + 1);
    if (notes)
      noted = isNoted_ ? Noted::Ready : Noted::None;
    later.reset();
    TPC_RETURN_IF_ERROR(isOurs.status());
    if (isOwner_)
      return {};
    if (isEndless)
      continue;
    if (waits && isFirst && whenBusy.onWait_)
      whenBusy.onWait_();
    if (!waits || !patience.pause())
      break;
  }
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(whenBusy.patience_).count();
  return Status(Code::InvalidInput,
                "another process is saving to '" + path_ + "'" +
                    (waits ? ", and was not done after " + std::to_string(seconds) + " s" : ""),
                "wait for it, or save to another file");
}

Result<bool> AtomicFile::open(bool waits) {
  fd_ = ::open(partial_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd_ < 0)
    return fileError("write", path_);
  // What another process leaves behind is taken over; what it is writing, or has just put in its
  // place, is not.
  int locked = 0;
  do
    locked = flock(fd_, waits ? LOCK_EX : LOCK_EX | LOCK_NB);
  while (locked != 0 && errno == EINTR);
  if (locked != 0 && errno != EWOULDBLOCK && !hasNoLocks(errno)) {
    Status status = fileError("write", path_);
    close(std::exchange(fd_, -1));
    return status;
  }
  const bool isFree = locked == 0 || hasNoLocks(errno);
  struct stat ours, there;
  if (isFree && fstat(fd_, &ours) == 0 && stat(partial_.c_str(), &there) == 0 &&
      ours.st_ino == there.st_ino && ours.st_dev == there.st_dev)
    return true;
  close(std::exchange(fd_, -1));
  return false;
}

Status AtomicFile::reserve(uint64_t size) {
  if (ftruncate(fd_, 0) != 0)
    return fileError("write", path_);
  // Some file systems can't reserve; there, a full disk is found by writing.
  auto bytes = static_cast<off_t>(size);
  if (bytes == 0 || fallocate(fd_, 0, 0, bytes) == 0)
    return {};
  if (errno != EOPNOTSUPP && errno != ENOSYS)
    return fileError("write " + std::to_string(size) + " bytes to", path_);
  return ftruncate(fd_, bytes) == 0 ? Status() : fileError("write", path_);
}

AtomicFile::AtomicFile(AtomicFile &&other) noexcept
    : path_(std::move(other.path_)), target_(std::move(other.target_)),
      partial_(std::move(other.partial_)), fd_(std::exchange(other.fd_, -1)),
      isOwner_(std::exchange(other.isOwner_, false)),
      isNoted_(std::exchange(other.isNoted_, false)) {}

AtomicFile::~AtomicFile() {
  if (isOwner_)
    unlink(partial_.c_str());
  if (isNoted_)
    noted = Noted::None;
  if (fd_ >= 0)
    close(fd_);
}

void AtomicFile::removeUnfinished() noexcept {
  // Another thread may be about to note it; if it is this one, which waits for another process, it
  // won't.
  for (int milliseconds = 0; noted == Noted::Opening && milliseconds < 800; ++milliseconds)
    poll(nullptr, 0, 1);
  if (noted == Noted::Ready)
    unlink(notedPath);
}

Status AtomicFile::write(uint64_t offset, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t count = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return fileError("write", path_);
    offset += static_cast<uint64_t>(count);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return {};
}

Status AtomicFile::commit() {
  if (fsync(fd_) != 0)
    return fileError("write", path_);
  if (rename(partial_.c_str(), target_.c_str()) != 0)
    return fileError("write", path_);
  isOwner_ = false;
  if (std::exchange(isNoted_, false))
    noted = Noted::None;
  // The new name is permanent once its folder is.
  std::string folder = target_.substr(0, target_.rfind('/') + 1);
  int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // Some file systems have nothing to do for it, and say so.
  Status status =
      fd >= 0 && (fsync(fd) == 0 || errno == EINVAL) ? Status() : fileError("write", folder);
  if (fd >= 0)
    close(fd);
  return status;
}

Status tpc::writeFileAtomically(const std::string &path, std::span<const uint8_t> bytes) {
  TPC_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(path, bytes.size(), WhenBusy::wait()));
  TPC_RETURN_IF_ERROR(file.write(0, bytes));
  return file.commit();
}

Status tpc::tryFile(const std::string &path) {
  return AtomicFile::create(path, 0, WhenBusy::wait()).status();
}
