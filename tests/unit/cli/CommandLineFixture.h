//===- CommandLineFixture.h - Runs the program tpc in a folder of its own ---------------------===//
#pragma once

#include "tests/unit/runtime/PlanFixture.h"
#include "tests/unit/support/Temporary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tpc::test {

std::string contents(const std::string &path);
/// A tensor of integers of a safetensors file.
std::vector<int32_t> integers(const std::string &file, const std::string &name);

struct Outcome {
  int status;
  std::string out, err;
};

class CommandLine : public testing::Test {
protected:
  std::string path(const std::string &name) const { return folder_.path(name); }
  std::string write(PlanBuilder b, const std::string &name = "test.plan") const;
  /// A file of these bytes.
  std::string write(const std::string &bytes, const std::string &name) const;
  /// Runs the program with words that the shell splits, behind `prefix`.
  Outcome tpc(const std::string &words, const std::string &prefix = "") const;
  void expectRefusal(const std::string &words, int status, const std::string &message,
                     const std::string &prefix = "") const;

private:
  TemporaryFolder folder_;
};

/// tokens[2, 3] from a stream, labels one further, a scalar, and a parameter with a state; all of
/// them go straight to outputs. Ranks split the batch. The scalar is the output `loss`.
PlanBuilder echo(int64_t ranks, const std::string &loss = "loss");

} // namespace tpc::test
