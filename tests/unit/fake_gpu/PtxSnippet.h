//===- PtxSnippet.h - One instruction, many operands ---------------------------------------===//
#pragma once

#include "tests/fake_gpu/PtxModule.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <string>
#include <vector>

namespace tpc::fake_gpu {

using Operands = std::array<uint64_t, 3>;

/// Runs `body` once per element of `inputs`, each in a thread of its own. It finds the three
/// operands in %x1..%x3 (.b64), %r1..%r3 (.b32), %h1..%h3 (.b16) and %p1..%p3 (.pred, not zero),
/// and leaves its result in %x0, %r0, %h0 or %p0, whichever `result` (x, r, h or p) names.
std::vector<uint64_t> runSnippet(const std::string &body, char result,
                                 const std::vector<Operands> &inputs);

/// Parses; a failure is the test's.
PtxModule parseOrFail(const std::string &text);
/// "" if the text is parsed, or the message.
std::string parseError(const std::string &text);
/// A module of one entry `k` with parameters p0, p1, ... of 64 bits.
std::string kernelText(const std::string &declarations, const std::string &body,
                       unsigned parameters);

inline uint64_t bitsOf(float value) { return std::bit_cast<uint32_t>(value); }
inline uint64_t bitsOf(double value) { return std::bit_cast<uint64_t>(value); }

/// Numbers that find mistakes: zeros, denormals, ties, limits, infinities, NaNs, and some others.
std::vector<float> interestingFloats();
std::vector<double> interestingDoubles();
std::vector<uint64_t> interestingIntegers();

} // namespace tpc::fake_gpu
