//===- tpc.cpp - The command line of the project ----------------------------------------------===//

#include "runtime/cli/CommandLine.h"

#include <unistd.h>
#include <vector>

int main(int argc, char **argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  return tpc::runCommandLine(arguments, [](int status) { _exit(status); });
}
