//===- Segments.h - Consecutive bytes of an arena -----------------------------------------===//
//
// What is known of an arena's bytes, as segments that cover it: a map by first byte, whose values
// have a member `end`, the byte behind the segment.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <utility>

namespace tpc {

/// Cuts the segment that covers `at`, if any, so that one begins there.
template <typename Segment> void cutSegments(std::map<uint64_t, Segment> &segments, uint64_t at) {
  auto next = segments.upper_bound(at);
  if (next == segments.begin())
    return;
  auto covering = std::prev(next);
  if (covering->first == at || covering->second.end <= at)
    return;
  Segment tail = covering->second;
  covering->second.end = at;
  segments.emplace_hint(next, at, std::move(tail));
}

} // namespace tpc
