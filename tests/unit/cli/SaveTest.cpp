//===- SaveTest.cpp - Checkpoints, from outside -----------------------------------------------===//
//
// What is saved goes on as if it had not stopped; whatever goes wrong, the file at the target is
// the old one or the new one.
//
//===---------------------------------------------------------------------------------------===//

#include "tests/unit/cli/CommandLineFixture.h"

#include "runtime/io/SafetensorsReader.h"
#include "runtime/io/SafetensorsWriter.h"

#include <chrono>
#include <cmath>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace tpc;
using namespace tpc::test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

class Save : public CommandLine {
protected:
  /// Five batches of 2 x 3 tokens: 'aa', 'bb', ...
  std::string data() const {
    std::string bytes;
    for (char c = 'A'; c < 'A' + 30; ++c)
      bytes += {c, '\0'};
    return " --data " + write(bytes, "data.bin");
  }

  /// A checkpoint of the echo plan after 2 steps.
  std::string checkpoint() const {
    std::string file = path("a.ckpt");
    EXPECT_EQ(
        tpc("run " + write(echo(1), "one.plan") + data() + " --steps 2 --seed 5 --save " + file)
            .status,
        0);
    return file;
  }

  /// Starts the program, which writes what it says to path("err").
  pid_t start(std::vector<std::string> words, const char *fault = nullptr) const {
    words.insert(words.begin(), "tpc");
    std::vector<char *> pointers;
    for (std::string &word : words)
      pointers.push_back(word.data());
    pointers.push_back(nullptr);
    pid_t child = fork();
    if (child != 0)
      return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that is killed leaves nothing behind
    if (fault)
      setenv("TPC_INJECT_FAULT", fault, 1);
    if (!freopen(path("err").c_str(), "w", stderr) || !freopen("/dev/null", "w", stdout))
      _exit(98);
    execv(TPC_BINARY, pointers.data());
    _exit(99);
  }

  /// Its exit status, or 1000 + signal.
  static int finish(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

  template <typename Condition> static bool waitFor(Condition &&condition) {
    for (int i = 0; i < 30000; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(1)))
      if (condition())
        return true;
    return false;
  }
};

} // namespace

TEST_F(Save, GoesOnAtAnyMesh) {
  std::string file = checkpoint();
  std::string one = "run " + write(echo(1), "one.plan") + data();
  std::string two = "run " + write(echo(2), "two.plan") + data();
  // Going on at another mesh continues steps, seed and data; the state w.m is there.
  Outcome outcome = tpc(two + " --resume " + file + " --save " + path("b.ckpt") +
                        " --output step=" + path("step") + " --output seed=" + path("seed") +
                        " --output tokens=" + path("tokens"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(integers(path("step"), "step"), ElementsAre(3));
  EXPECT_THAT(integers(path("seed"), "seed"), ElementsAre(5));
  EXPECT_THAT(integers(path("tokens"), "tokens"), ElementsAre(77, 78, 79, 80, 81, 82));
  // What goes on and what never stopped are the same file, at any mesh.
  ASSERT_EQ(tpc(one + " --resume " + file + " --save " + path("c.ckpt")).status, 0);
  ASSERT_EQ(tpc(two + " --steps 3 --seed 5 --save " + path("d.ckpt")).status, 0);
  EXPECT_EQ(contents(path("b.ckpt")), contents(path("c.ckpt")));
  EXPECT_EQ(contents(path("b.ckpt")), contents(path("d.ckpt")));
  // It may replace the checkpoint that it came from, and go on from that.
  ASSERT_EQ(tpc(one + " --resume " + file + " --save " + file).status, 0);
  EXPECT_EQ(contents(file), contents(path("b.ckpt")));
  // Its parameters serve as weights; a file of anything else does not.
  EXPECT_EQ(tpc(two + " --weights " + file).status, 0);
  PlanBuilder stateless = echo(1);
  stateless.plan.states.clear();
  std::string other = "run " + write(std::move(stateless), "stateless.plan") + data();
  EXPECT_EQ(tpc(other + " --weights " + file).status, 0) << contents(path("err"));
  expectRefusal(two + " --weights " + path("step"), 1, "has no tensor 'w'");
  expectRefusal(two + " --weights " + file + " --init torch", 2, "--init has no effect");
}

TEST_F(Save, RemembersTheGenerator) {
  PlanBuilder b = rowSplitLinear(1);
  plan::InputT &x = *b.plan.entries[0]->inputs[0];
  x.default_f64.clear();
  x.default_init = std::make_unique<plan::InitT>();
  x.default_init->kind = plan::InitKind::normal;
  x.default_init->b = 1;
  std::string run = "run " + write(std::move(b)), torch = run + " --seed 3 --init torch";
  ASSERT_EQ(tpc(torch + " --steps 3 --output y=" + path("whole")).status, 0);
  ASSERT_EQ(tpc(torch + " --steps 2 --save " + path("half")).status, 0);
  ASSERT_EQ(tpc(run + " --resume " + path("half") + " --output y=" + path("rest")).status, 0);
  EXPECT_EQ(contents(path("rest")), contents(path("whole")));
  ASSERT_EQ(tpc(run + " --seed 3 --steps 3 --output y=" + path("philox")).status, 0);
  EXPECT_NE(contents(path("philox")), contents(path("whole")));
  expectRefusal(run + " --resume " + path("half") + " --init torch", 2,
                "the checkpoint holds the generator");
}

TEST_F(Save, AnEvaluationIsNoTraining) {
  std::string file = checkpoint();
  PlanBuilder b = echo(1);
  b.plan.entries[0]->instructions.pop_back(); // what writes the state
  Outcome outcome = tpc("run " + write(std::move(b), "evaluation.plan") + data() +
                        " --steps 3 --resume " + file + " --save " + path("same"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("saved step 2 to "));
  EXPECT_EQ(contents(path("same")), contents(file));
}

TEST_F(Save, SavesBetweenStepsIfAsked) {
  std::string run = "run " + write(echo(2)) + data(), target = " --save " + path("x");
  ASSERT_EQ(tpc(run + " --steps 5 --save " + path("whole")).status, 0);
  ASSERT_EQ(tpc(run + " --steps 4 --save " + path("four")).status, 0);
  for (const char *comm : {" --comm local", " --comm tcp"}) {
    Outcome outcome = tpc(run + comm + " --steps 5 --save-every 2" + target);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("saved step 2 to "), HasSubstr("saved step 4 to "),
                                   HasSubstr("saved step 5 to "), Not(HasSubstr("saved step 3"))));
    EXPECT_EQ(contents(path("x")), contents(path("whole")));
    // A run that fails leaves the last one.
    std::filesystem::remove(path("x"));
    EXPECT_EQ(tpc(run + comm + " --steps 9 --save-every 2" + target,
                  "TPC_INJECT_FAULT=rank=1,step=6,instruction=0,kind=fail")
                  .status,
              3);
    EXPECT_EQ(contents(path("x")), contents(path("four")));
  }
  // What the last step saves is saved once.
  EXPECT_EQ(tpc(run + " --steps 2 --save-every 2" + target).err.find("saved step 2"),
            contents(path("err")).rfind("saved step 2"));
  expectRefusal(run + " --save-every 2", 2, "--save-every has no effect without --save");
  expectRefusal(run + " --save-every 0" + target, 2, "whole number");
}

TEST_F(Save, ALogThatFailsEndsARunThatSavesBetweenSteps) {
  std::string run = "run " + write(echo(2)) + data() + " --log-json /dev/full --save " + path("x");
  for (const char *comm : {" --comm local", " --comm tcp"})
    for (const char *every : {" --save-every 1", " --save-every 2"}) {
      expectRefusal(run + comm + every + " --steps 100000000", 1, "No space left on device");
      EXPECT_THAT(contents(path("err")), HasSubstr("saved step 1 to "));
    }
}

TEST_F(Save, RefusesOtherCheckpoints) {
  std::string file = checkpoint(), run = "run " + write(echo(1)) + data() + " --resume ";
  PlanBuilder other = echo(1);
  other.plan.model_hash = 7;
  expectRefusal("run " + write(std::move(other), "other.plan") + data() + " --resume " + file, 1,
                "is of another model than the plan");
  ASSERT_EQ(tpc("run " + write(echo(1)) + data() + " --output step=" + path("step")).status, 0);
  expectRefusal(run + path("step"), 1, "was not made by --save");
  expectRefusal(run + path("data.bin"), 1, "damaged");
  expectRefusal(run + path("nothing"), 1, "No such file");
  std::string whole = contents(file);
  for (size_t size : {size_t{0}, size_t{5}, size_t{100}, whole.size() - 1})
    expectRefusal(run + write(whole.substr(0, size), "cut"), 1, "cut");
  expectRefusal(run + write(whole + "x", "long"), 1, "belong to no tensor");
  // The manifest is checked field by field; the header keeps its length.
  auto changed = [&](const std::string &from, const std::string &to) {
    std::string bytes = whole;
    size_t at = bytes.find(from);
    EXPECT_NE(at, bytes.npos) << from;
    bytes.replace(at, from.size(), to);
    EXPECT_EQ(bytes.size(), whole.size());
    return write(bytes, "changed");
  };
  expectRefusal(run + changed("\"tpc.checkpoint\":\"1\"", "\"tpc.checkpoint\":\"9\""), 1,
                "has version '9'");
  expectRefusal(run + changed("\"tpc.step\":\"2\"", "\"tpc.step\":\"-\""), 1,
                "has '-' as its 'tpc.step'");
  expectRefusal(run + changed("\"tpc.seed\":\"5\"", "\"tpc.sead\":\"5\""), 1, "lacks 'tpc.seed'");
  expectRefusal(run + changed("\"w.m\"", "\"w.n\""), 1, "has no tensor 'w.m'");
}

TEST_F(Save, IsTriedBeforeTheFirstStep) {
  std::string run = "run " + write(holds(1 << 20)) + " --steps 3 --save ";
  auto refuses = [&](const std::string &target, const std::string &why,
                     const std::string &prefix = "") {
    expectRefusal(run + target, 1, why, prefix);
    EXPECT_THAT(contents(path("err")),
                AllOf(HasSubstr("tried before the first step"), Not(HasSubstr("step      1"))));
  };
  refuses(path("none/x"), "No such file or directory");
  refuses(path("."), "it is not a regular file");
  refuses("/dev/full", "it is not a regular file");
  expectRefusal("run " + path("test.plan") + " --profile " + path("none/x"), 1,
                "--profile, tried before the first step");
  // A run that fails leaves the profile of an earlier one.
  std::string earlier = write("earlier", "profile");
  expectRefusal("run " + path("test.plan") + " --profile " + earlier, 3, "",
                "TPC_INJECT_FAULT=rank=0,step=1,instruction=0,kind=fail");
  EXPECT_EQ(contents(earlier), "earlier");
  expectRefusal("run " + path("test.plan") + " --output loss=" + path("none/x"), 1,
                "--output, tried before the first step");
  // A full disk, as a limit on the size of files.
  write("old", "x");
  refuses(path("x"), "File too large", "ulimit -f 100;");
  EXPECT_THAT(contents(path("err")), HasSubstr("hint: let files be larger"));
  EXPECT_EQ(contents(path("x")), "old");
  EXPECT_FALSE(std::filesystem::exists(path("x.partial")));
  refuses(path("test.plan") + "/x", "Not a directory");
  // Root may write anywhere.
  std::filesystem::create_directory(path("locked"));
  std::filesystem::permissions(path("locked"), std::filesystem::perms(0555));
  if (geteuid() != 0)
    refuses(path("locked/x"), "Permission denied");
}

TEST_F(Save, WritesNothingTwiceAndOverNothingThatIsRead) {
  std::string plan = write(echo(1)), run = "run " + plan + data();
  expectRefusal(run + " --save " + path("data.bin"), 2, "which is the file of --data");
  expectRefusal(run + " --save " + plan, 2, "which is the plan");
  expectRefusal(run + " --output w=" + plan, 2, "which is the plan");
  expectRefusal(run + " --save " + path("x") + " --output w=" + path("x"), 2,
                "--save and --output both write");
  expectRefusal(run + " --log-json " + path("x") + " --profile " + path("x"), 2,
                "--log-json and --profile both write");
  // Neither is there yet, and a path has many spellings.
  std::filesystem::create_directory_symlink(path(""), path("link"));
  const std::string inFolder = "cd " + path("") + ";";
  for (const std::string &other : {std::string("./new"), path("new"), path("link/new")}) {
    expectRefusal(run + " --save new --profile " + other, 2, "--save and --profile both write",
                  inFolder);
    expectRefusal(run + " --log-json " + other + " --save new", 2,
                  "--save and --log-json both write", inFolder);
  }
  EXPECT_FALSE(std::filesystem::exists(path("new")));
}

TEST_F(Save, ALogIsReplacedByTheFirstStep) {
  std::string run = "run " + write(echo(1)), log = write("old\n", "log");
  std::vector<int32_t> values(4);
  auto writer = SafetensorsWriter::create(path("square"), {{"x", DType::I32, {2, 2}}}, {});
  CoordinateMap whole(Sharding::replicated({2, 2}), Mesh{{{"tp", 1}}}, 0);
  ASSERT_TRUE(writer.ok() && writer->write(0, whole, values.data()).ok() && writer->commit().ok());
  expectRefusal(run + " --input tokens=" + path("square") + " --input labels=" + path("square") +
                    " --log-json " + log,
                1, "gives shape [2, 2]");
  EXPECT_EQ(contents(log), "old\n");
  expectRefusal(run + data() + " --log-json " + path("none/log"), 1, "No such file or directory");
  EXPECT_THAT(contents(path("err")), Not(HasSubstr("step      1")));
  Outcome outcome = tpc(run + data() + " --log-json " + log);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(contents(log).starts_with("{\"step\": 1, ")) << contents(log);
}

TEST_F(Save, OverwritesNoCheckpointButWithTheNextOne) {
  std::string run = "run " + write(echo(1)) + data() + " --steps 1";
  EXPECT_EQ(tpc(run + " --save " + path("kept")).status, 0);
  std::string checkpoint = contents(path("kept")), resume = run + " --resume " + path("kept");
  for (const char *option : {" --log-json ", " --profile ", " --output w="})
    expectRefusal(resume + option + path("kept"), 2, "which is the file of --resume");
  EXPECT_EQ(contents(path("kept")), checkpoint);
  EXPECT_EQ(tpc(resume + " --save " + path("kept")).status, 0);
  EXPECT_NE(contents(path("kept")), checkpoint);
}

TEST_F(Save, WhatIsNotFiniteStopsOrWarns) {
  for (const char *output : {"loss", "grad_norm"}) {
    PlanBuilder b = echo(1, output);
    b.plan.entries[0]->scalars[0]->value = -NAN;
    std::string run =
        "run " + write(std::move(b)) + data() + " --steps 2 --log-json - --save " + path("x");
    Outcome stopped = tpc(run);
    EXPECT_EQ(stopped.status, 3);
    EXPECT_THAT(stopped.err, AllOf(HasSubstr(std::string(output) + " is not finite in step 1"),
                                   HasSubstr(std::string(output) + " nan ")));
    EXPECT_THAT(stopped.out, HasSubstr("\"" + std::string(output) + "\": null"));
    EXPECT_FALSE(std::filesystem::exists(path("x")));
    Outcome warned = tpc(run + " --on-nonfinite warn");
    EXPECT_EQ(warned.status, 0);
    EXPECT_THAT(warned.err,
                HasSubstr("warning: " + std::string(output) + " is not finite in step 2"));
    EXPECT_TRUE(std::filesystem::remove(path("x")));
  }
}

TEST_F(Save, ParametersThatAreNotFiniteAreNotSaved) {
  // The gradient of the last step may have spoilt them after the last loss.
  float values[] = {1, 2, NAN, 4, 5};
  auto writer = SafetensorsWriter::create(path("w"), {{"w", DType::F32, {5}}}, {});
  CoordinateMap whole(Sharding::replicated({5}), Mesh{{{"tp", 1}}}, 0);
  ASSERT_TRUE(writer.ok() && writer->write(0, whole, values).ok() && writer->commit().ok());
  write("old", "x");
  for (int64_t ranks : {1, 2}) {
    std::string run =
        "run " + write(echo(ranks)) + data() + " --weights " + path("w") + " --save " + path("x");
    expectRefusal(run, 3, "'w' holds numbers that are not finite");
    EXPECT_EQ(contents(path("x")), "old");
    EXPECT_FALSE(std::filesystem::exists(path("x.partial")));
  }
  EXPECT_EQ(tpc("run " + write(echo(1)) + data() + " --on-nonfinite warn --weights " + path("w") +
                " --save " + path("x"))
                .status,
            0);
}

TEST_F(Save, AnInterruptEndsTheStepAndSaves) {
  std::string plan = write(echo(2)), log = path("log");
  data();
  auto before = std::signal(SIGHUP, SIG_DFL);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) {
    std::filesystem::remove(log);
    std::filesystem::remove(path("x"));
    pid_t child = start({"run", plan, "--data", path("data.bin"), "--steps", "100000000", "--save",
                         path("x"), "--log-json", log});
    ASSERT_TRUE(waitFor([&] { return !contents(log).empty(); }));
    kill(child, number);
    EXPECT_EQ(finish(child), 128 + number) << contents(path("err"));
    EXPECT_TRUE(SafetensorsReader::open(path("x")).ok());
  }
  std::signal(SIGHUP, before);
}

TEST_F(Save, WaitsForAnotherProcessThatIsSaving) {
  std::string plan = write(echo(2)), log = path("log"), file = path("x");
  data();
  pid_t child = start({"run", plan, "--data", path("data.bin"), "--steps", "100000000", "--save",
                       file, "--log-json", log});
  ASSERT_TRUE(waitFor([&] { return !contents(log).empty(); }));
  int other = open((file + ".partial").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(flock(other, LOCK_EX), 0);
  kill(child, SIGINT);
  EXPECT_TRUE(waitFor([&] {
    return contents(path("err"))
               .find("waits for another process that is saving to '" + file + "', at most 60 s") !=
           std::string::npos;
  }));
  close(other);
  EXPECT_EQ(finish(child), 130) << contents(path("err"));
  EXPECT_TRUE(SafetensorsReader::open(file).ok());
  // Before the first step it is an error at once.
  other = open((file + ".partial").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(flock(other, LOCK_EX), 0);
  expectRefusal("run " + plan + data() + " --save " + file, 1,
                "tried before the first step: another process is saving to");
  close(other);
}

TEST_F(Save, ALogThatNobodyReadsEndsTheStepAndSaves) {
  std::string run = "run " + write(echo(2)) + data() + " --steps 100000000";
  struct {
    std::string words, reader, reason;
  } const logs[] = {
      {" --log-json - 2>" + path("log"), "", "cannot write to standard output: Broken pipe"},
      {" 2>&1", "", ""},
      {" --log-json /dev/full", "cat >" + path("log"), "No space left on device"}};
  for (const auto &[words, reader, reason] : logs) {
    std::filesystem::remove(path("x"));
    std::string command = "bash -c '" TPC_BINARY " " + run + " --save " + path("x") + words +
                          (reader.empty() ? " | head -n 2 >/dev/null" : "  2>&1 | " + reader) +
                          "; exit ${PIPESTATUS[0]}'";
    EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1) << command;
    EXPECT_TRUE(SafetensorsReader::open(path("x")).ok()) << command;
    if (!reason.empty()) {
      EXPECT_THAT(contents(path("log")), HasSubstr(reason));
    }
  }
}

TEST_F(Save, TheSecondInterruptEndsItNow) {
  std::string plan = write(rowSplitLinear(2));
  write("old", "x");
  pid_t child = start({"run", plan, "--steps", "9", "--timeout", "1000", "--save", path("x")},
                      "rank=1,step=3,instruction=1,kind=stall");
  ASSERT_TRUE(
      waitFor([&] { return contents(path("err")).find("step      2") != std::string::npos; }));
  kill(child, SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(waitpid(child, nullptr, WNOHANG), 0) << "it waits for the end of the step";
  // Again and again: two that come before the first is handled are one.
  siginfo_t ended{};
  EXPECT_TRUE(waitFor([&] {
    kill(child, SIGINT);
    return waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           ended.si_pid == child;
  }));
  EXPECT_EQ(finish(child), 130);
  EXPECT_EQ(contents(path("x")), "old");
}

TEST_F(Save, ASignalDuringTheSaveLeavesAWholeFile) {
  std::string plan = write(holds(40 << 20)), target = path("x"), partial = target + ".partial";
  ASSERT_EQ(tpc("run " + plan + " --save " + target).status, 0);
  for (int signals : {1, 2}) {
    // On a busy machine a save, and all the rest, may be done before the signal comes.
    constexpr int tooLate = 1000 + SIGTERM;
    int status = 0;
    for (int attempt = 0; attempt < 10 && (status == 0 || status == tooLate); ++attempt) {
      std::filesystem::remove(path("log"));
      pid_t child = start({"run", plan, "--save", target, "--log-json", path("log")});
      waitFor([&] { return !contents(path("log")).empty() && std::filesystem::exists(partial); });
      for (int i = 0; i < signals; ++i) {
        kill(child, SIGTERM);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
      status = finish(child);
      EXPECT_THAT(status, testing::AnyOf(0, 143, tooLate)) << contents(path("err"));
      EXPECT_FALSE(std::filesystem::exists(partial));
      Result<SafetensorsReader> reader = SafetensorsReader::open(target);
      EXPECT_TRUE(reader.ok()) << reader.status().message();
    }
    EXPECT_EQ(status, 143);
  }
}

/// Once a signal has ended the run, those that follow do not change how, up to the very end.
TEST_F(Save, SignalsAfterTheSaveChangeNothing) {
  std::string plan = write(rowSplitLinear(2)), target = path("x");
  for (const char *comm : {"local", "tcp"})
    for (int i = 0; i < 10; ++i) {
      std::filesystem::remove(target);
      std::filesystem::remove(path("err"));
      pid_t child = start({"run", plan, "--steps", "100000000", "--save", target, "--comm", comm});
      ASSERT_TRUE(
          waitFor([&] { return contents(path("err")).find("step      2") != std::string::npos; }));
      kill(child, SIGTERM);
      ASSERT_TRUE(waitFor([&] { return std::filesystem::exists(target); }));
      siginfo_t ended{};
      EXPECT_TRUE(waitFor([&] {
        kill(child, SIGTERM);
        return waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               ended.si_pid == child;
      }));
      EXPECT_EQ(finish(child), 143) << comm << "\n" << contents(path("err"));
    }
}

TEST_F(Save, DataIsCheckedBeforeTheFirstStep) {
  PlanBuilder b = echo(1);
  for (auto &input : b.plan.entries[0]->inputs)
    input->feed->vocabulary = 100;
  std::string run = "run " + write(std::move(b)) + " --data ";
  expectRefusal(run + write("odd", "a.bin"), 1, "odd number of bytes");
  expectRefusal(run + write("text", "a.txt"), 1, "is no token file");
  expectRefusal(run + write(std::string(4, '\0'), "b.bin"), 1, "has 2 tokens");
  expectRefusal(run + write(std::string(6, '\0'), "c.bin"), 1, "1 sequence(s) of 3");
  std::string high(24, '\0');
  high[20] = 'e'; // token 10 is 101
  expectRefusal(run + write(high, "d.bin") + " --steps 2", 1,
                "has the token 101 at position 10, and the model's vocabulary ends at 99");
  EXPECT_EQ(tpc(run + path("d.bin")).status, 0) << "the first step does not take it";
}
