//===- CommunicatorConformance.h - What every communicator must do
//-----------------------------===//
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
#include <memory>
#include <vector>

namespace tpc::test {

using Communicators = std::vector<std::unique_ptr<Communicator>>;

struct CommunicatorFactory {
  std::string name;
  std::function<Communicators(int ranks, std::chrono::milliseconds timeout)> make;
};

inline void PrintTo(const CommunicatorFactory &factory, std::ostream *out) { *out << factory.name; }

class CommunicatorConformance : public testing::TestWithParam<CommunicatorFactory> {};

/// Runs `rank(communicator)` on a thread per communicator and returns their statuses.
std::vector<Status> onAllRanks(Communicators &communicators,
                               const std::function<Status(Communicator &)> &rank);

} // namespace tpc::test
