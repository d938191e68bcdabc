//===- PtxSnippet.h - One instruction, many operands ---------------------------------------===//
#pragma once

#include "tests/fake_gpu/PtxModule.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <functional>
#include <string>
#include <vector>

namespace tpc::fake_gpu {

using Operands = std::array<uint64_t, 3>;

/// Runs `body` once per element of `inputs`, each in a thread of its own. It finds the three
/// operands in %x1..%x3 (.b64), %r1..%r3 (.b32), %h1..%h3 (.b16) and %p1..%p3 (.pred, not zero),
/// and leaves its result in %x0, %r0, %h0 or %p0, whichever `result` (x, r, h or p) names.
std::vector<uint64_t> runSnippet(const std::string &body, char result,
                                 const std::vector<Operands> &inputs);

/// What runSnippet gives is what `expected` says of the same operands.
void expectAll(const std::string &body, char result, const std::vector<Operands> &inputs,
               const std::function<uint64_t(const Operands &)> &expected);

/// Parses; a failure is the test's.
PtxModule parseOrFail(const std::string &text);
/// "" if the text is parsed, or the message.
std::string parseError(const std::string &text);
/// A module of one entry `k` with parameters p0, p1, ... of 64 bits.
std::string kernelText(const std::string &declarations, const std::string &body,
                       unsigned parameters);

/// Registers of all types: %p0..7, %h0..7, %r0..39, %f0..15, %x0..15.
extern const std::string snippetRegisters;
/// %x1: address of this thread's word of the output p0; %r1: the thread.
extern const std::string ownWord;
/// 1024 bytes of shared memory.
extern const std::string sharedBuffer;

struct BlockOutcome {
  std::vector<uint32_t> words; ///< one per thread
  std::string error;
};
/// Runs one block: `body` finds what ownWord gives and leaves the thread's word in %r0.
BlockOutcome runBlock(const std::string &body, uint32_t threads,
                      const std::string &declarations = "");
/// value(thread) of all threads.
std::vector<uint32_t> wordsOf(uint32_t threads, auto value) {
  std::vector<uint32_t> words(threads);
  for (uint32_t t = 0; t < threads; ++t)
    words[t] = value(t);
  return words;
}
/// The block failed, and said so with these words in it.
void expectError(const BlockOutcome &outcome, const std::string &part);

inline uint64_t bitsOf(float value) { return std::bit_cast<uint32_t>(value); }
inline uint64_t bitsOf(double value) { return std::bit_cast<uint64_t>(value); }

/// Numbers that find mistakes: zeros, denormals, ties, limits, infinities, NaNs, and some others.
std::vector<float> interestingFloats();
std::vector<double> interestingDoubles();
std::vector<uint64_t> interestingIntegers();

} // namespace tpc::fake_gpu
