//===- RankRuns.cpp - Starting and watching the real program ----------------------------------===//

#include "RankRuns.h"

#include "runtime/comm/tcp/Socket.h"
#include "runtime/plan/PlanWriter.h"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace tpc;
using namespace tpc::test;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

std::string contents(const std::string &path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

} // namespace

Program::Program(const std::string &words, const Variables &environment, const std::string &log)
    : log_(log) {
  // Everything is made before the fork: afterwards only what signal handlers may call is safe.
  std::vector<std::string> texts;
  for (const auto &[name, value] : environment)
    texts.push_back(name + "=" + value);
  std::vector<char *> variables;
  for (std::string &text : texts)
    variables.push_back(text.data());
  variables.push_back(nullptr);
  std::string command = "exec " TPC_BINARY " " + words;
  const char *arguments[] = {"/bin/sh", "-c", command.c_str(), nullptr};
  pid_ = fork();
  if (pid_ != 0)
    return;
  // A test that is killed leaves nothing behind.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);
  int out = open(log.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_APPEND, 0600);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  execve(arguments[0], const_cast<char **>(arguments), variables.data());
  _exit(127);
}

Program::~Program() {
  if (pid_ < 0)
    return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Program::signal(int number) const { kill(pid_, number); }
void Program::signalGroup(int number) const { kill(-pid_, number); }

int Program::wait(std::chrono::milliseconds patience) {
  Clock::time_point start = Clock::now();
  while (Clock::now() - start < patience) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }
    std::this_thread::sleep_for(5ms);
  }
  return -1;
}

std::string Program::log() const { return contents(log_); }

bool Program::says(const std::string &text) const {
  for (Clock::time_point start = Clock::now(); Clock::now() - start < 20s;) {
    if (log().find(text) != std::string::npos)
      return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

RankRuns::RankRuns() : mark_("TPC_TEST_MARK=" + folder_.path()) {}

RankRuns::~RankRuns() {
  for (pid_t pid : left())
    kill(pid, SIGKILL);
}

std::string RankRuns::write(PlanBuilder plan, const std::string &name) const {
  std::vector<uint8_t> bytes = plan.seal();
  EXPECT_TRUE(writeFileAtomically(path(name), bytes).ok());
  return path(name);
}

std::string RankRuns::plan(int ranks, const std::string &name) const {
  PlanBuilder plan = rowSplitLinear(ranks);
  plan.plan.parameters[0]->init->kind = plan::InitKind::normal;
  plan.plan.parameters[0]->init->b = 0.1;
  return write(std::move(plan), name);
}

Program RankRuns::start(const std::string &words, Variables environment) {
  for (const char *name : {"PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "ASAN_OPTIONS",
                           "UBSAN_OPTIONS", "TSAN_OPTIONS"})
    if (const char *value = std::getenv(name))
      environment.emplace(name, value);
  environment["TPC_TEST_MARK"] = folder_.path();
  return Program("run " + words, environment, path("log" + std::to_string(started_++)));
}

Variables RankRuns::torchrun(int rank, int size, uint16_t port) const {
  return {{"RANK", std::to_string(rank)},
          {"WORLD_SIZE", std::to_string(size)},
          {"LOCAL_RANK", std::to_string(rank)},
          {"MASTER_ADDR", "127.0.0.1"},
          {"MASTER_PORT", std::to_string(port)}};
}

std::vector<pid_t> RankRuns::left() const {
  std::vector<pid_t> result;
  std::error_code ignored;
  for (const auto &entry : std::filesystem::directory_iterator("/proc", ignored)) {
    pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || pid == getpid())
      continue;
    // A process that is only waited for has no environment any more.
    if (contents(entry.path() / "environ").find(mark_) != std::string::npos)
      result.push_back(pid);
  }
  return result;
}

void RankRuns::expectNothingLeft(std::chrono::milliseconds patience) const {
  Clock::time_point start = Clock::now();
  while (!left().empty() && Clock::now() - start < patience)
    std::this_thread::sleep_for(20ms);
  EXPECT_EQ(left().size(), 0u) << "orphan processes";
}

std::vector<std::string> tpc::test::errorsOf(const std::string &log) {
  std::vector<std::string> result;
  std::stringstream lines(log);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("tpc: error:"))
      result.push_back(line);
  return result;
}

std::string tpc::test::withoutTimes(const std::string &path) {
  std::stringstream text;
  std::ifstream lines(path);
  for (std::string line; std::getline(lines, line);)
    text << line.substr(0, line.find(", \"seconds\"")) << "\n";
  return text.str();
}

uint16_t tpc::test::freePort() {
  Result<tcp::Socket> listener = tcp::listenOn("127.0.0.1", 0);
  EXPECT_TRUE(listener.ok());
  return tcp::portOf(*listener);
}
