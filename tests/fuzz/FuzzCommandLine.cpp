//===- FuzzCommandLine.cpp - Command lines -------------------------------------------------===//
//
// Lines are words. Only what looks at words is called; nothing is opened, run or written.
//
//===---------------------------------------------------------------------------------------===//
#include "tests/fuzz/FuzzInput.h"

#include "runtime/cli/RunOptions.h"

#include <vector>

using namespace tpc;
using namespace tpc::fuzz;

/// One option of every kind that `tpc run` has not.
constexpr OptionSpec kOptions[] = {
    {"--text", "TEXT", "", "a text"},        {"--number", "N", "1", "a number"},
    {"--choice", "a|b", "a", "a choice"},    {"--list", "X=Y", "", "a list", true},
    {"-o", "FILE", "a phrase", "an output"},
};

void parseAsCompiler(std::span<const std::string> words) {
  const CommandSpec spec{"tool MODEL [options]", "A tool.", {"MODEL"}, kOptions};
  Result<Arguments> arguments = Arguments::parse(spec, words);
  requireBlame(arguments.status());
  if (!arguments.ok() || arguments->helpWanted())
    return;
  Result<int64_t> number = arguments->integer("--number", 1);
  requireBlame(number.status());
  require(!number.ok() || *number >= 1, "numbers are in their range");
  Result<std::string> choice = arguments->choice("--choice");
  requireBlame(choice.status());
  require(!choice.ok() || *choice == "a" || *choice == "b", "choices are of the list");
  requireBlame(arguments->assignments("--list").status());
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
