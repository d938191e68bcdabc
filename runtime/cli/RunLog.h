//===- RunLog.h - What a run says -------------------------------------------------------------===//
//
// Aligned lines for people on standard error, with a progress bar where that is a terminal; one
// JSON object a line per step where --log-json says.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

namespace tpc {

struct StepReport {
  int64_t step;
  std::vector<std::pair<std::string, double>> scalars; ///< "loss", "grad_norm", ...
  int64_t tokens;                                      ///< 0: not known
  double seconds;
};

class RunLog {
public:
  /// `jsonPath`: a file, or - for standard output. What can't be written is an error now.
  static Result<RunLog> open(const std::optional<std::string> &jsonPath, int64_t lastStep);

  /// Says nothing, for ranks other than 0.
  static RunLog silent();

  /// Before the first step: only now a log that stands in the file is replaced.
  Status begin();
  /// Fails if what it writes can't be read by anybody: the run has no log any more.
  Status step(const StepReport &report);
  /// A line for people.
  void say(const std::string &line);
  Status close();

private:
  struct Closer {
    void operator()(std::FILE *file) const {
      if (file != stdout)
        std::fclose(file);
    }
  };

  void progress(int64_t step);

  std::string path_;
  std::unique_ptr<std::FILE, Closer> json_;
  int64_t lastStep_ = 0;
  bool terminal_ = false, barShown_ = false, silent_ = false;
  bool isUnread_ = false; ///< the pipe of standard error has no other end
};

/// "12.3 MiB"
std::string humanBytes(uint64_t bytes);

} // namespace tpc
