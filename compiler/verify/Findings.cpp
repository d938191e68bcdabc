//===- Findings.cpp - What verify found ----------------------------------------------------===//

#include "compiler/verify/Findings.h"

#include <cmath>
#include <cstdio>
#include <tuple>

using namespace tpc;
using namespace tpc::verify;

namespace {

/// Bounds neglect products of roundings, which are smaller by a factor of their unit times the
/// number of operations.
constexpr double kSecondOrder = 1.01;

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.9g", value);
  return text;
}

std::vector<int64_t> indexOf(int64_t flat, const std::vector<int64_t> &shape) {
  std::vector<int64_t> index(shape.size());
  for (size_t dim = shape.size(); dim-- > 0;) {
    index[dim] = flat % shape[dim];
    flat /= shape[dim];
  }
  return index;
}

/// What both sides mean by a number too large for the type.
bool bothOverflow(double expected, double bound, double found, const Rounding &rounding) {
  return std::isinf(found) && std::signbit(found) == std::signbit(expected) &&
         std::fabs(expected) + bound > rounding.largest;
}

auto order(const Subject &subject) {
  return std::tuple(subject.step, subject.instruction, subject.rank, subject.result);
}

} // namespace

std::string Difference::str() const {
  std::string index;
  for (int64_t i : element)
    index += (index.empty() ? "" : ", ") + std::to_string(i);
  std::string text = "rank " + std::to_string(subject.rank) + ", step " +
                     std::to_string(subject.step) + ", instruction " +
                     std::to_string(subject.instruction) + " (" + subject.name + "), op " +
                     subject.what;
  if (!subject.location.empty())
    text += " at " + subject.location;
  text += ": element [" + index + "] of result " + std::to_string(subject.result) + " is " +
          number(found) + ", expected " + number(expected) + ", which differ by " +
          number(std::fabs(found - expected)) + " where the bound is " + number(bound);
  if (elements > 1)
    text += "; " + std::to_string(elements - 1) + " more elements of it are off";
  return text;
}

void Findings::compare(const Subject &subject, const Bounded &expected, const Tensor &found,
                       const Rounding &rounding) {
  std::optional<Difference> difference;
  int64_t unbounded = 0, nans = 0;
  double largestShare = 0, largestExcess = 0;
  Errors errors = expected.errors();
  for (int64_t i = 0; i < found.size(); ++i) {
    double x = expected.value[i], y = found[i], bound = errors[i] * kSecondOrder;
    if (std::isnan(x) && std::isnan(y)) {
      ++nans;
      continue;
    }
    if (x == y)
      continue;
    if (!std::isfinite(bound)) {
      ++unbounded;
      continue;
    }
    double distance = std::fabs(x - y);
    if (distance <= bound) {
      largestShare = std::max(largestShare, distance / bound);
      continue;
    }
    if (bothOverflow(x, bound, y, rounding))
      continue;
    // Of several, the one that is farthest off tells most.
    double excess = std::isfinite(distance) ? distance - bound : HUGE_VAL;
    if (!difference)
      difference = Difference{subject, {}, 0, 0, 0, 0};
    ++difference->elements;
    if (excess > largestExcess) {
      largestExcess = excess;
      difference->element = indexOf(i, found.shape);
      difference->expected = x;
      difference->found = y;
      difference->bound = bound;
    }
  }

  std::lock_guard lock(mutex_);
  KindSummary &kind = kinds_[subject.what];
  ++kind.checks;
  kind.elements += found.size();
  kind.unbounded += unbounded;
  kind.nans += nans;
  if (unbounded)
    kind.whereUnbounded = subject.name;
  if (largestShare > kind.share) {
    kind.share = largestShare;
    kind.where = subject.name;
  }
  if (!difference)
    return;
  ++differences_;
  if (!first_ || order(subject) < order(first_->subject))
    first_ = std::move(difference);
}

void Findings::note(std::string sentence) {
  std::lock_guard lock(mutex_);
  ++notes_[std::move(sentence)];
}
