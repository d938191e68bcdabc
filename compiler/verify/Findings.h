//===- Findings.h - What verify found ------------------------------------------------------===//
//
// Ranks report from their threads. The first difference is the one of the earliest instruction, not
// the one that was reported first.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/verify/EvaluateStep.h"
#include "runtime/support/Status.h"

#include <map>
#include <mutex>
#include <string>

namespace tpc::verify {

/// What is compared.
struct Subject {
  int64_t step;         ///< of training
  uint32_t instruction; ///< of the entry; the last one of the op
  int rank;
  unsigned result;  ///< of the op
  std::string what; ///< "nn.linear": the family of the summary
  std::string name; ///< "h.0.mlp.fc: linear"
  std::string location;
};

/// One element that is off.
struct Difference {
  Subject subject;
  std::vector<int64_t> element; ///< index in the rank's local shape
  double expected, found, bound;
  int64_t elements; ///< of the result that are off

  std::string str() const;
};

/// Of all ops of one kind.
struct KindSummary {
  int64_t checks = 0, elements = 0;
  int64_t unbounded = 0; ///< elements about which nothing can be said
  int64_t nans = 0;      ///< elements that are NaN here and there
  double share = 0;      ///< the largest difference over its bound
  std::string where;     ///< that was
  std::string whereUnbounded;
};

class Findings {
public:
  /// Compares what a rank holds with what it should.
  void compare(const Subject &subject, const Bounded &expected, const Tensor &found,
               const Rounding &rounding);
  /// Something that could not be compared.
  void note(std::string sentence);

  const std::optional<Difference> &first() const { return first_; }
  int64_t differences() const { return differences_; }
  const std::map<std::string, KindSummary> &kinds() const { return kinds_; }
  const std::map<std::string, int64_t> &notes() const { return notes_; }

private:
  std::mutex mutex_;
  std::optional<Difference> first_;
  int64_t differences_ = 0; ///< results with elements that are off
  std::map<std::string, KindSummary> kinds_;
  std::map<std::string, int64_t> notes_;
};

} // namespace tpc::verify
