//===- CommandLine.cpp - The commands of tpc --------------------------------------------------===//

#include "runtime/cli/CommandLine.h"

#include "runtime/cli/InspectCommand.h"
#include "runtime/cli/StandardOutput.h"
#include "runtime/plan/PlanWriter.h"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

using namespace tpc;

namespace {

constexpr const char *kHelp =
    "usage: tpc COMMAND [arguments]\n"
    "\n"
    "commands:\n"
    "  compile MODEL.mlir   compile a model into a plan\n"
    "  run     OUT.plan     run a plan\n"
    "  inspect OUT.plan     say what a plan holds, or a model declares (MODEL.mlir)\n"
    "  verify  OUT.plan     check every op of a plan against float64\n"
    "  import  HF_DIR       make a model of a Hugging Face checkpoint\n"
    "\n"
    "tpc COMMAND --help shows the options of a command and their defaults.\n"
    "tpc --version says which tpc this is, and which plans it reads.\n"
    "exit status: 0; 1 the input is wrong; 2 usage; 3 a rank failed; 4 verify found a difference;\n"
    "5 the environment lacks something; 70 internal; 128 + n by a signal\n";

/// Replaces this process by tpc-compile with the same arguments; returns only if it can't.
Status execCompiler(std::span<const std::string> arguments) {
  char self[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
  std::string program = length > 0 ? std::string(self, static_cast<size_t>(length)) : arguments[0];
  size_t slash = program.rfind('/');
  program = (slash == std::string::npos ? "" : program.substr(0, slash + 1)) + "tpc-compile";
  std::vector<char *> words;
  std::string name = program;
  words.push_back(name.data());
  for (const std::string &argument : arguments.subspan(1))
    words.push_back(const_cast<char *>(argument.c_str()));
  words.push_back(nullptr);
  execv(program.c_str(), words.data());
  return Status(Code::Unavailable,
                "'tpc " + arguments[1] + "' needs tpc-compile beside tpc, and '" + program +
                    "' does not start: " + std::strerror(errno),
                "build it (cmake -DTPC_BUILD_COMPILER=ON), or copy it there");
}

/// The signal to end by, or 0.
Result<int> dispatch(std::span<const std::string> arguments, const ExitNow &exitNow) {
  if (arguments.size() < 2)
    return Status(Code::Usage, "no command is given", "tpc --help lists the commands");
  const std::string &command = arguments[1];
  std::span<const std::string> words = arguments.subspan(2);
  if (command == "--help" || command == "-h" || command == "help") {
    std::fputs(kHelp, stdout);
    return 0;
  }
  if (command == "--version") {
    std::printf("tpc %s, plan format %u\n", TPC_VERSION, kPlanFormatVersion);
    return 0;
  }
  if (command == "run")
    return runCommand(words, exitNow);
  if (command == "inspect" && !inspectsModel(words)) {
    TPC_RETURN_IF_ERROR(inspectCommand(words));
    return 0;
  }
  if (command == "compile" || command == "import" || command == "verify" || command == "inspect")
    return execCompiler(arguments);
  return Status(Code::Usage, "unknown command '" + command + "'", "tpc --help lists the commands");
}

/// A standard stream that is closed would become the next file that is opened, which then gets what
/// is said. Writing to what stands there instead is an error.
void fillStandardStreams() {
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != stream)
      _exit(static_cast<int>(Code::Unavailable));
}

/// What has been said there may still be on its way.
Status flushStandardOutput() {
  errno = 0;
  if (std::fflush(stdout) == 0 && !std::ferror(stdout))
    return Status();
  return standardOutputError();
}

} // namespace

void tpc::printError(const Status &status) {
  std::fprintf(stderr, "tpc: error: %s\n", status.message().c_str());
  if (!status.hint().empty())
    std::fprintf(stderr, "hint: %s\n", status.hint().c_str());
}

int tpc::runCommandLine(std::span<const std::string> arguments, const ExitNow &exitNow) {
  fillStandardStreams();
  Result<int> result = dispatch(arguments, exitNow);
  Status status = result.ok() ? flushStandardOutput() : result.status();
  if (status.ok())
    return *result ? 128 + *result : 0;
  printError(status);
  return static_cast<int>(status.code());
}
