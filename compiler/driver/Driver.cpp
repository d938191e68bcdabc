//===- Driver.cpp - The commands of tpc-compile -------------------------------------------===//

#include "compiler/driver/Driver.h"

#include "compiler/driver/Diagnostics.h"
#include "compiler/huggingface/ImportCommand.h"
#include "compiler/verify/VerifyCommand.h"

#include "llvm/Support/raw_ostream.h"

#include <csignal>
#include <cstdlib>
#include <iostream>

using namespace tpc;

static constexpr const char *kHelp = R"(usage: tpc-compile COMMAND [options]

commands:
  compile MODEL.mlir   compiles a model and its training into a plan
  inspect MODEL.mlir   shows what a model declares
  verify OUT.plan      checks every op of a plan against float64
  import HF_DIR        writes a model file for a Hugging Face checkpoint

`tpc-compile COMMAND --help` lists the options of a command, each with its default.
)";

int tpc::driverMain(std::span<const std::string> arguments) {
  // A file that grows beyond its limit is an error of that write, and ends in a message.
  std::signal(SIGXFSZ, SIG_IGN);
  if (arguments.empty())
    return report(Status(Code::Usage, "no command", "tpc-compile --help lists the commands"));
  const std::string &command = arguments[0];
  if (command == "--help" || command == "-h") {
    llvm::outs() << kHelp;
    return 0;
  }
  if (command == "compile")
    return compileMain(arguments.subspan(1));
  if (command == "inspect")
    return inspectMain(arguments.subspan(1));
  if (command == "verify")
    return report(verify::verifyCommand(arguments.subspan(1), std::cout, [](const Status &failure) {
      int status = report(failure);
      std::cout.flush();
      std::_Exit(status);
    }));
  if (command == "import")
    return report(importCommand(arguments.subspan(1)));
  return report(Status(Code::Usage, "unknown command '" + command + "'",
                       "tpc-compile --help lists the commands"));
}
