//===- RunLogTest.cpp - Logs that can't be written --------------------------------------------===//

#include "runtime/cli/RunLog.h"

#include "tests/unit/support/Temporary.h"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace tpc;
using testing::HasSubstr;

namespace {

/// A limit of this process, lowered while it lives.
class Limit {
public:
  Limit(decltype(RLIMIT_NOFILE) resource, rlim_t value) : resource_(resource) {
    getrlimit(resource_, &before_);
    rlimit lower{value, before_.rlim_max};
    setrlimit(resource_, &lower);
  }
  ~Limit() { setrlimit(resource_, &before_); }
  Limit(const Limit &) = delete;

private:
  decltype(RLIMIT_NOFILE) resource_;
  rlimit before_{};
};

} // namespace

TEST(RunLog, TooManyOpenFilesAreTheEnvironments) {
  test::TemporaryFile file;
  const int next = dup(STDERR_FILENO);
  close(next);
  Status status;
  {
    Limit limit(RLIMIT_NOFILE, static_cast<rlim_t>(next));
    status = RunLog::open(file.path(), 1).status();
  }
  EXPECT_EQ(status.code(), Code::Unavailable);
  EXPECT_THAT(status.message(), HasSubstr("cannot write '" + file.path() + "': Too many open"));
  EXPECT_THAT(status.hint(), HasSubstr("ulimit -n"));
}

TEST(RunLog, AFileThatIsTooLargeHasAHint) {
  auto before = std::signal(SIGXFSZ, SIG_IGN);
  test::TemporaryFile file;
  Status status;
  {
    Limit limit(RLIMIT_FSIZE, 4);
    Result<RunLog> log = RunLog::open(file.path(), 1);
    ASSERT_TRUE(log.ok()) << log.status().message();
    status = log->step({1, {{"loss", 1}}, 0, 1});
  }
  std::signal(SIGXFSZ, before);
  EXPECT_EQ(status.code(), Code::InvalidInput);
  EXPECT_THAT(status.message(), HasSubstr("File too large"));
  EXPECT_THAT(status.hint(), HasSubstr("ulimit -f"));
}
