//===- FuzzCommandLine.cpp - Command lines -------------------------------------------------===//
//
// Lines are words. Only what looks at words is called; nothing is opened, run or written.
//
//===---------------------------------------------------------------------------------------===//
#include "tests/fuzz/FuzzInput.h"

#include "compiler/driver/CommandLine.h"
#include "runtime/cli/RunOptions.h"

#include <vector>

using namespace tpc;
using namespace tpc::fuzz;

/// The declarations of a compiler command: one option of every kind.
static void parseAsCompiler(std::span<const std::string> words) {
  std::string model, text, choice = "a";
  int64_t number = 1;
  std::vector<std::string> list;
  CommandLine line("tool MODEL [options]", "a tool");
  line.addArgument("MODEL", model);
  line.addText("--text", "TEXT", text, "a text");
  line.addInteger("--number", "N", number, 1, "a number");
  line.addChoice("--choice", {"a", "b"}, choice, "a choice");
  line.addList("--list", "X=Y", list, "a list");
  Status status = line.parse(words);
  requireBlame(status);
  require(!line.help().empty(), "there is a help");
  require(!status.ok() || number >= 1, "numbers are in their range");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::vector<std::string> words(1);
  for (size_t i = 0; i < size; ++i)
    if (data[i] == '\n')
      words.emplace_back();
    else if (data[i] != 0) // ends a word of a real command line
      words.back() += static_cast<char>(data[i]);
  parseAsCompiler(words);
  Result<Arguments> run = Arguments::parse(runCommandSpec(), words);
  requireBlame(run.status());
  if (run.ok() && !run->helpWanted()) {
    Result<RunOptions> options = parseRunOptions(*run);
    requireBlame(options.status());
    if (options.ok())
      require(options->steps >= 1 && options->timeoutSeconds >= 1, "numbers are in their range");
  }
  return 0;
}
