//===- RankRuns.h - Starting and watching the real program ------------------------------------===//
//
// Every process of a test carries a mark in its environment, which its children inherit, so that a
// test can find whatever is left of it.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "tests/unit/runtime/PlanFixture.h"
#include "tests/unit/support/Temporary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tpc::test {

using Variables = std::map<std::string, std::string>;

/// One `tpc` process, in a process group of its own.
class Program {
public:
  Program(const std::string &words, const Variables &environment, const std::string &log);
  Program(Program &&other) noexcept : pid_(std::exchange(other.pid_, -1)), log_(other.log_) {}
  ~Program();

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// As a terminal does it.
  void signalGroup(int number) const;
  /// Its exit status, or 1000 + the signal that ended it; -1 if it is still there after a while.
  int wait(std::chrono::milliseconds patience = std::chrono::seconds(60));
  std::string log() const;
  /// Whether the log has this text, now or soon.
  bool says(const std::string &text) const;

private:
  pid_t pid_;
  std::string log_;
};

class RankRuns : public testing::Test {
protected:
  RankRuns();
  ~RankRuns() override;

  std::string path(const std::string &name) const { return folder_.path(name); }
  std::string write(PlanBuilder plan, const std::string &name) const;
  /// Trains for a while; its parameter is drawn, so that seeds matter.
  std::string plan(int ranks, const std::string &name = "test.plan") const;

  Program start(const std::string &words, Variables environment = {});
  /// What torchrun sets.
  Variables torchrun(int rank, int size, uint16_t port) const;
  /// Without any of the variables that launchers set, whoever started the test.
  std::vector<pid_t> left() const;
  /// Nothing that this test started is there any more, at once or after `patience`.
  void expectNothingLeft(std::chrono::milliseconds patience = {}) const;

private:
  TemporaryFolder folder_;
  std::string mark_;
  int started_ = 0;
};

/// The lines of a log that start with "tpc: error:".
std::vector<std::string> errorsOf(const std::string &log);

/// A log of steps (--log-json) without what differs from run to run.
std::string withoutTimes(const std::string &path);

/// Nobody listened there a moment ago.
uint16_t freePort();

} // namespace tpc::test
