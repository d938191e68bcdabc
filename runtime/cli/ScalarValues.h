//===- ScalarValues.h - What a run gives to a scalar, step by step ----------------------------===//
#pragma once

#include "runtime/cli/RunOptions.h"

namespace tpc {

/// A number for all steps, or those of a file: its first line is of step 1, and so on. The last one
/// stays. Steps are those that checkpoints count, so a run that goes on goes on in the file, too.
class ScalarValues {
public:
  /// Reads the file, if `setting` names one. Every number is finite.
  static Result<ScalarValues> of(const ScalarSetting &setting);

  /// steps > 0.
  double at(int64_t step) const;
  const std::vector<double> &all() const { return values_; }
  /// Of one of all(), for messages: "'lr.txt' line 3", or nothing if there is no file.
  std::string placeOf(size_t index) const;
  /// The file, or nothing.
  const std::string &file() const { return file_; }
  /// Equal texts are equal values: what ranks compare.
  std::string text() const;

private:
  std::vector<double> values_;
  std::string file_;
};

} // namespace tpc
