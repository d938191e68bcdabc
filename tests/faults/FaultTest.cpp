//===- FaultTest.cpp - Ranks that die, stop, stall and leave ----------------------------------===//
//
// Each ends with all ranks stopped within seconds, a status that is not 0, one line that names
// rank, instruction and cause, and no process left.
//
//===---------------------------------------------------------------------------------------===//

#include "RankRuns.h"

#include "runtime/io/SafetensorsReader.h"

#include <csignal>
#include <fstream>
#include <thread>
#include <unistd.h>

using namespace tpc;
using namespace tpc::test;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

namespace {

class Faults : public RankRuns {
protected:
  /// One line of the whole run.
  std::string failureOf(Program &run, int expectedStatus = 3) {
    auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(run.wait(), expectedStatus) << run.log();
    EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
    expectNothingLeft();
    std::vector<std::string> errors = errorsOf(run.log());
    EXPECT_EQ(errors.size(), 1u) << run.log();
    return errors.empty() ? "" : errors[0];
  }

  std::string inject(const std::string &kind, int rank, int step, int instruction,
                     const std::string &options = "") {
    Program run = start(plan_ + " --comm tcp --steps 4 --timeout 2" + options,
                        {{"TPC_INJECT_FAULT", "kind=" + kind + ",rank=" + std::to_string(rank) +
                                                  ",step=" + std::to_string(step) +
                                                  ",instruction=" + std::to_string(instruction)}});
    SCOPED_TRACE(kind + " rank " + std::to_string(rank) + " step " + std::to_string(step) +
                 " instruction " + std::to_string(instruction));
    return failureOf(run);
  }

  static auto at(int step, int instruction) {
    return HasSubstr("in step " + std::to_string(step) + " at instruction " +
                     std::to_string(instruction));
  }
  static auto rankWas(int rank, const std::string &what) {
    return HasSubstr("rank " + std::to_string(rank) + " " + what);
  }

  void SetUp() override { plan_ = plan(3); }
  std::string plan_;
};

/// What programs that are started meanwhile do when their terminal closes, whoever started the
/// test.
class Hangups {
public:
  explicit Hangups(sighandler_t handler) : before_(std::signal(SIGHUP, handler)) {}
  ~Hangups() { std::signal(SIGHUP, before_); }
  Hangups(const Hangups &) = delete;

private:
  sighandler_t before_;
};

/// Instructions of the plan.
constexpr int kProduct = 0, kAllReduce = 1, kSum = 3, kUpdate = 5;

} // namespace

TEST_F(Faults, KilledRanks) {
  for (int rank : {0, 1, 2}) {
    int step = 1;
    for (int instruction : {kProduct, kAllReduce, kUpdate}) {
      EXPECT_THAT(inject("kill", rank, step, instruction),
                  AllOf(rankWas(rank, "was ended by signal 9 (Killed)"), at(step, instruction)));
      ++step;
    }
  }
}

TEST_F(Faults, EarlyExits) {
  for (int rank : {0, 1, 2})
    EXPECT_THAT(
        inject("exit", rank, rank + 1, kAllReduce),
        AllOf(rankWas(rank, "ended with status 0, before the run did"), at(rank + 1, kAllReduce)));
}

TEST_F(Faults, FailingInstructions) {
  for (int rank : {0, 1, 2})
    EXPECT_THAT(inject("fail", rank, rank + 1, 0),
                AllOf(rankWas(rank, "failed"), at(rank + 1, 0), HasSubstr("a fault was injected")));
}

TEST_F(Faults, StoppedRank0) {
  EXPECT_THAT(inject("stop", 0, 2, kAllReduce),
              AllOf(AnyOf(rankWas(0, "has shown no sign of life"), HasSubstr("for coordinate 0")),
                    HasSubstr("all_reduce"), rankWas(0, "was stopped"), at(2, kAllReduce)));
}
TEST_F(Faults, StoppedRank1) {
  EXPECT_THAT(inject("stop", 1, 1, 0),
              AllOf(AnyOf(rankWas(1, "has shown no sign of life"), HasSubstr("for coordinate 1")),
                    HasSubstr("all_reduce"), rankWas(1, "was stopped"), at(1, 0)));
}
TEST_F(Faults, StoppedRank2) {
  // After its last collective the others wait for it at the end of the step.
  EXPECT_THAT(inject("stop", 2, 4, kUpdate),
              AllOf(AnyOf(rankWas(2, "has shown no sign of life"), HasSubstr("for rank 2")),
                    rankWas(2, "was stopped"), at(4, kUpdate)));
}

TEST_F(Faults, StalledRanks) {
  EXPECT_THAT(inject("stall", 1, 3, 0), AllOf(HasSubstr("for coordinate 1 (rank 1)"),
                                              at(3, kAllReduce), HasSubstr("all_reduce")));
  EXPECT_THAT(inject("stall", 2, 1, kUpdate), HasSubstr("waited 2000 ms for rank 2"));
}

TEST_F(Faults, NaNOfOneRank) {
  // Its partial product: all of them have it in the sum.
  EXPECT_THAT(inject("nan", 1, 2, 0), AllOf(HasSubstr("loss is not finite in step 2"),
                                            HasSubstr("on rank 0, written by instruction")));
  // Its copy of the loss alone, in the last step.
  EXPECT_THAT(inject("nan", 2, 4, kSum), AllOf(HasSubstr("loss is not finite in step 4"),
                                               HasSubstr("on rank 2, written by instruction 3")));
}

TEST_F(Faults, AKilledStarterTakesItsRanksAlong) {
  Program run = start(plan_ + " --comm tcp --steps 100000000");
  ASSERT_TRUE(run.says("step     10"));
  EXPECT_EQ(left().size(), 4u);
  run.signal(SIGKILL);
  EXPECT_EQ(run.wait(), 1000 + SIGKILL);
  expectNothingLeft(3s);
}

TEST_F(Faults, OneSignalEndsTheStepAndSaves) {
  Hangups hangups(SIG_DFL);
  for (int number : {SIGINT, SIGTERM, SIGHUP})
    for (bool group : {false, true}) {
      Program run = start(plan_ + " --comm tcp --steps 100000000 --save " + path("c"));
      ASSERT_TRUE(run.says("step      5"));
      group ? run.signalGroup(number) : run.signal(number);
      EXPECT_EQ(run.wait(), 128 + number) << run.log();
      expectNothingLeft();
      EXPECT_TRUE(run.says("stopped by a signal after step "));
      EXPECT_EQ(access(path("c").c_str(), R_OK), 0);
      EXPECT_EQ(unlink(path("c").c_str()), 0);
    }
}

TEST_F(Faults, ATerminalThatClosesIsSaidTwice) {
  Hangups hangups(SIG_DFL);
  for (const std::string comm : {"local", "tcp"}) {
    Program run = start(plan_ + " --comm " + comm + " --steps 100000000 --save " + path("c"));
    ASSERT_TRUE(run.says("step      5"));
    // The shell tells all of its jobs, and the kernel what was in the foreground.
    run.signalGroup(SIGHUP);
    std::this_thread::sleep_for(1ms);
    run.signalGroup(SIGHUP);
    EXPECT_EQ(run.wait(), 128 + SIGHUP) << run.log();
    expectNothingLeft();
    EXPECT_TRUE(SafetensorsReader::open(path("c")).ok());
    EXPECT_EQ(unlink(path("c").c_str()), 0);
  }
}

TEST_F(Faults, AnIgnoredHangupStaysIgnored) {
  Hangups hangups(SIG_IGN);
  for (const std::string comm : {"local", "tcp"}) {
    Program run = start(plan_ + " --comm " + comm + " --steps 100000000");
    ASSERT_TRUE(run.says("step      5"));
    run.signalGroup(SIGHUP);
    EXPECT_EQ(run.wait(300ms), -1) << run.log();
    run.signal(SIGTERM);
    EXPECT_EQ(run.wait(), 128 + SIGTERM) << run.log();
    expectNothingLeft();
  }
}

TEST_F(Faults, ASignalDuringTheSaveLeavesAWholeFile) {
  const std::string big = write(holds(30 << 20, 3), "big.plan"), target = path("c");
  Program first = start(big + " --comm tcp --save " + target);
  ASSERT_EQ(first.wait(), 0) << first.log();
  for (bool group : {false, true})
    for (int signals : {1, 2}) {
      SCOPED_TRACE(std::to_string(signals) + (group ? " to the group" : " to the starter"));
      // On a busy machine a save may be done before the signal comes.
      int status = 0;
      for (int attempt = 0; attempt < 10 && status == 0; ++attempt) {
        Program run = start(big + " --comm tcp --save " + target);
        ASSERT_TRUE(run.says("step      1"));
        auto deadline = std::chrono::steady_clock::now() + 5s;
        while (access((target + ".partial").c_str(), F_OK) != 0 &&
               std::chrono::steady_clock::now() < deadline)
          std::this_thread::sleep_for(1ms);
        for (int i = 0; i < signals; ++i) {
          group ? run.signalGroup(SIGTERM) : run.signal(SIGTERM);
          std::this_thread::sleep_for(2ms);
        }
        status = run.wait();
        EXPECT_THAT(status, testing::AnyOf(0, 128 + SIGTERM)) << run.log();
        expectNothingLeft();
        EXPECT_NE(access((target + ".partial").c_str(), F_OK), 0);
        Result<SafetensorsReader> saved = SafetensorsReader::open(target);
        EXPECT_TRUE(saved.ok()) << saved.status().message();
      }
      EXPECT_EQ(status, 128 + SIGTERM);
    }
}

TEST_F(Faults, TwoSignalsEndAtOnce) {
  // The step never ends: rank 1 stalls, and the others wait for it for long.
  for (int number : {SIGINT, SIGTERM}) {
    Program run = start(plan_ + " --comm tcp --steps 9 --timeout 600",
                        {{"TPC_INJECT_FAULT", "rank=1,step=3,instruction=0,kind=stall"}});
    ASSERT_TRUE(run.says("step      2"));
    run.signal(number);
    EXPECT_EQ(run.wait(300ms), -1);
    run.signal(number);
    EXPECT_EQ(run.wait(5s), 128 + number);
    expectNothingLeft();
  }
}

TEST_F(Faults, ASignalBeforeStepsEndsAtOnce) {
  // Ranks that can't meet: rank 0 is stopped before it listens to anyone.
  Program run = start(plan_ + " --comm tcp --steps 9 --timeout 600",
                      {{"TPC_INJECT_FAULT", "rank=0,step=1,instruction=0,kind=stall"}});
  ASSERT_TRUE(run.says("3 rank(s)"));
  run.signal(SIGTERM);
  int status = run.wait(300ms);
  if (status == -1) {
    run.signal(SIGTERM);
    status = run.wait(5s);
  }
  EXPECT_EQ(status, 128 + SIGTERM);
  expectNothingLeft();
}

TEST_F(Faults, FilesThatCannotBeWritten) {
  for (const std::string option : {"--save ", "--output y=", "--log-json "}) {
    Program run = start(plan_ + " --comm tcp --steps 2 " + option + "/proc/nowhere/file");
    EXPECT_THAT(failureOf(run, 1), HasSubstr("/proc/nowhere/file"));
  }
  Program run = start(plan_ + " --comm tcp --steps 2 --log-json /dev/full");
  EXPECT_THAT(failureOf(run, 1), HasSubstr("/dev/full"));
}

TEST_F(Faults, WrongOptionsAreSaidOnce) {
  Program run = start(plan_ + " --comm tcp --set lr=1");
  EXPECT_THAT(failureOf(run, 2), HasSubstr("'lr', which is no scalar"));
  std::ofstream(path("bad.safetensors")) << "no header";
  Program weights = start(plan_ + " --comm tcp --weights " + path("bad.safetensors"));
  EXPECT_THAT(failureOf(weights, 1), HasSubstr("bad.safetensors"));
}
