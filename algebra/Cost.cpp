//===- Cost.cpp - Predicted times ----------------------------------------------------------===//
//
// All arithmetic is on integers: a rate is rounded once to whole units per second, and products
// are formed in 128 bits. So a time is the same number with every compiler and on every machine,
// and grows with its amount without exception. Times round up, so that no work is free.
//
//===---------------------------------------------------------------------------------------===//
#include "algebra/Cost.h"

#include <cmath>
#include <cstdio>
#include <limits>

namespace tpc {

namespace {

constexpr int64_t kPicosecondsPerSecond = 1'000'000'000'000;

/// ceil(value * numerator / denominator), without overflow where the result fits.
int64_t scaleUp(int64_t value, int64_t numerator, int64_t denominator) {
  unsigned __int128 product = static_cast<unsigned __int128>(value) * numerator;
  unsigned __int128 quotient = (product + denominator - 1) / denominator;
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  return quotient > static_cast<unsigned __int128>(kMax) ? kMax : static_cast<int64_t>(quotient);
}

/// Sum that stays at the largest time, so that what can't be done never becomes cheap.
Picoseconds saturatingAdd(Picoseconds a, Picoseconds b) {
  constexpr Picoseconds kMax = std::numeric_limits<Picoseconds>::max();
  return a > kMax - b ? kMax : a + b;
}

/// Time of `amount` units at `perSecond` units a second; rates below one count as one.
Picoseconds timeOf(int64_t amount, double perSecond) {
  if (amount <= 0)
    return 0;
  // Above 2^62 units a second the rate no longer fits, and no amount takes a picosecond anyway.
  constexpr double kMaxRate = 4611686018427387904.0;
  int64_t rate = perSecond < 1.0        ? 1
                 : perSecond > kMaxRate ? static_cast<int64_t>(kMaxRate)
                                        : std::llround(perSecond);
  return scaleUp(amount, kPicosecondsPerSecond, rate);
}

} // namespace

std::string microseconds(Picoseconds time) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f us", static_cast<double>(time) * 1e-6);
  return text;
}

const char *name(CollectiveKind kind) {
  switch (kind) {
  case CollectiveKind::AllReduce:
    return "all_reduce";
  case CollectiveKind::AllGather:
    return "all_gather";
  case CollectiveKind::ReduceScatter:
    return "reduce_scatter";
  case CollectiveKind::AllToAll:
    return "all_to_all";
  }
  return "unknown";
}

int64_t wireBytes(CollectiveKind kind, int64_t bytes, int64_t ranks) {
  if (ranks <= 1 || bytes <= 0)
    return 0;
  switch (kind) {
  case CollectiveKind::AllReduce:
    return scaleUp(bytes, 2 * (ranks - 1), ranks);
  case CollectiveKind::AllGather:
  case CollectiveKind::ReduceScatter:
    return scaleUp(bytes, ranks - 1, ranks);
  case CollectiveKind::AllToAll:
    return scaleUp(bytes, ranks - 1, ranks * ranks);
  }
  return 0;
}

Picoseconds collectiveTime(const Hardware &hardware, CollectiveKind kind, int64_t bytes,
                           int64_t ranks) {
  if (ranks <= 1)
    return 0;
  Picoseconds latency =
      std::llround(hardware.collectiveLatencySeconds * static_cast<double>(kPicosecondsPerSecond));
  return saturatingAdd(latency,
                       timeOf(wireBytes(kind, bytes, ranks), hardware.collectiveBytesPerSecond));
}

Picoseconds computeTime(const Hardware &hardware, int64_t flops, int64_t bytes) {
  Picoseconds compute = timeOf(flops, hardware.gemmFlopsPerSecond);
  Picoseconds memory = timeOf(bytes, hardware.memoryBytesPerSecond);
  return compute > memory ? compute : memory;
}

} // namespace tpc
