//===- RunLog.cpp - What a run says -----------------------------------------------------------===//

#include "runtime/cli/RunLog.h"

#include "runtime/cli/StandardOutput.h"
#include "runtime/support/FileError.h"
#include "runtime/support/Json.h"

#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tpc;

namespace {

Status logError(const std::string &path) {
  return path == "-" ? standardOutputError() : fileError("write", path);
}

} // namespace

Result<RunLog> RunLog::open(const std::optional<std::string> &jsonPath, int64_t lastStep) {
  RunLog log;
  log.lastStep_ = lastStep;
  log.terminal_ = isatty(STDERR_FILENO);
  if (!jsonPath)
    return log;
  log.path_ = *jsonPath;
  if (*jsonPath == "-" && (fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY)
    return Status(Code::InvalidInput, "cannot write '-': standard output is closed",
                  "open it, or name a file");
  log.json_.reset(*jsonPath == "-" ? stdout : std::fopen(jsonPath->c_str(), "a"));
  if (!log.json_)
    return logError(*jsonPath);
  return log;
}

Status RunLog::begin() {
  // Standard output is who started the program's, and other files than regular ones have no length.
  struct stat info;
  if (!json_ || json_.get() == stdout || fstat(fileno(json_.get()), &info) != 0 ||
      !S_ISREG(info.st_mode))
    return Status();
  return ftruncate(fileno(json_.get()), 0) == 0 ? Status() : logError(path_);
}

RunLog RunLog::silent() {
  RunLog log;
  log.silent_ = true;
  return log;
}

Status RunLog::step(const StepReport &report) {
  if (json_) {
    JsonWriter json;
    json.beginObject().member("step", report.step);
    for (const auto &[name, value] : report.scalars)
      json.member(name, value);
    if (report.tokens)
      json.member("tokens", report.tokens);
    json.member("seconds", report.seconds).endObject();
    if (std::fprintf(json_.get(), "%s\n", json.text().c_str()) < 0 || std::fflush(json_.get()) != 0)
      return logError(path_);
  }
  char text[160];
  std::snprintf(text, sizeof(text), "step %6lld", static_cast<long long>(report.step));
  std::string line = text;
  for (const auto &[name, value] : report.scalars) {
    // The sign of what is no number says nothing.
    std::snprintf(text, sizeof(text), "  %s %-13.9g", name.c_str(),
                  std::isnan(value) ? std::fabs(value) : value);
    line += text;
  }
  std::snprintf(text, sizeof(text), "  %9.3f ms", report.seconds * 1e3);
  line += text;
  if (report.tokens && report.seconds > 0) {
    std::snprintf(text, sizeof(text), "  %10.1f tokens/s",
                  static_cast<double>(report.tokens) / report.seconds);
    line += text;
  }
  say(line);
  progress(report.step);
  return isUnread_ ? Status(Code::InvalidInput, "nobody reads standard error any more",
                            "send it to a file, or to nowhere: 2>/dev/null")
                   : Status();
}

void RunLog::say(const std::string &line) {
  if (silent_)
    return;
  errno = 0;
  if (std::fprintf(stderr, "%s%s\n", barShown_ ? "\r\033[K" : "", line.c_str()) < 0)
    isUnread_ |= errno == EPIPE;
  barShown_ = false;
}

void RunLog::progress(int64_t step) {
  if (!terminal_ || step >= lastStep_)
    return;
  constexpr int kWidth = 40;
  int done = static_cast<int>(step * kWidth / lastStep_);
  std::fprintf(stderr, "[%s%s] %lld/%lld", std::string(done, '#').c_str(),
               std::string(kWidth - done, ' ').c_str(), static_cast<long long>(step),
               static_cast<long long>(lastStep_));
  std::fflush(stderr);
  barShown_ = true;
}

Status RunLog::close() {
  std::FILE *file = json_.release();
  if (!file)
    return Status();
  int failed = file == stdout ? std::fflush(file) : std::fclose(file);
  if (failed)
    return logError(path_);
  return Status();
}

std::string tpc::humanBytes(uint64_t bytes) {
  const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 4; ++unit)
    value /= 1024;
  char text[32];
  std::snprintf(text, sizeof(text), unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
  return text;
}
