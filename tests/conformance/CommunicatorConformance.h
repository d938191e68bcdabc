//===- CommunicatorConformance.h - What every communicator must do ----------------------------===//
//
// The suite is parameterised by a factory that makes the communicators of one group; each is used
// by a thread of its own. Inputs are rank-revealing: rank r adds multiples of 1, 10, 100, 1000...,
// so that a sum shows which ranks took part, and how often.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/Communicator.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace tpc::test {

using Communicators = std::vector<std::unique_ptr<Communicator>>;

struct CommunicatorFactory {
  std::string name;
  std::function<Communicators(int ranks, std::chrono::milliseconds timeout)> make;
  /// Tests of the suite that it doesn't pass, and why: they are skipped, and say so.
  std::map<std::string, std::string> exceptions = {};
  /// Larger groups can't be made on this machine: tests leave them out. If none is left, the test
  /// is skipped with `missing`.
  int mostRanks = 8;
  std::string missing = {};
};

inline void PrintTo(const CommunicatorFactory &factory, std::ostream *out) { *out << factory.name; }

class CommunicatorConformance : public testing::TestWithParam<CommunicatorFactory> {
protected:
  void SetUp() override {
    std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
    auto found = GetParam().exceptions.find(test.substr(0, test.find('/')));
    if (found != GetParam().exceptions.end())
      GTEST_SKIP() << GetParam().name << " " << found->second;
  }
  /// Those of `sizes` that can be made.
  static std::vector<int> possible(std::vector<int> sizes = {1, 2, 3, 4, 8}) {
    std::erase_if(sizes, [](int size) { return size > GetParam().mostRanks; });
    return sizes;
  }
};

/// Ends the test if no group of one of the sizes can be made.
#define TPC_NEED_RANKS(...)                                                                        \
  if (possible({__VA_ARGS__}).empty())                                                             \
  GTEST_SKIP() << GetParam().name << ": " << GetParam().missing

/// Runs `rank(communicator)` on a thread per communicator and returns their statuses.
std::vector<Status> onAllRanks(Communicators &communicators,
                               const std::function<Status(Communicator &)> &rank);

} // namespace tpc::test
