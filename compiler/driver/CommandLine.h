//===- CommandLine.h - Long options with their defaults -----------------------------------===//
//
// A command declares each option once, bound to the variable that it sets; parsing, checking and
// the help text follow from that. What the variable holds at the declaration is the default.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace tpc {

class CommandLine {
public:
  /// `usage`: "tpc-compile compile MODEL.mlir [options]".
  CommandLine(std::string usage, std::string summary)
      : usage(std::move(usage)), summary(std::move(summary)) {}

  void addArgument(std::string name, std::string &target);
  void addText(std::string name, std::string value, std::string &target, std::string help);
  void addInteger(std::string name, std::string value, int64_t &target, int64_t least,
                  std::string help);
  void addChoice(std::string name, std::vector<std::string> choices, std::string &target,
                 std::string help);
  /// May be given several times.
  void addList(std::string name, std::string value, std::vector<std::string> &target,
               std::string help);

  /// Fails with Code::Usage. `--help` anywhere sets wantsHelp() and stops.
  Status parse(std::span<const std::string> arguments);
  bool wantsHelp() const { return helpWanted; }
  bool wasGiven(const std::string &option) const { return given.count(option) != 0; }
  std::string help() const;

private:
  struct Option {
    std::string name, value, help, defaultText;
    bool repeats = false;
    std::function<Status(const std::string &)> set;
  };
  struct Argument {
    std::string name;
    std::string &target;
  };

  std::string usage, summary;
  std::vector<Argument> arguments;
  std::vector<Option> options;
  std::set<std::string> given;
  bool helpWanted = false;
};

/// Splits "NAME=VALUE"; false if there is no name or no `=`.
bool splitAssignment(const std::string &text, std::string &name, std::string &value);
/// A decimal integer and nothing else.
bool parseInteger(const std::string &text, int64_t &value);

} // namespace tpc
