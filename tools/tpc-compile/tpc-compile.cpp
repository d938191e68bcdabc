//===- tpc-compile.cpp - The compiler's program -------------------------------------------===//
#include "compiler/driver/Driver.h"

#include <vector>

int main(int argc, char **argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  return tpc::driverMain(arguments);
}
