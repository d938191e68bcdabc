//===- Arguments.h - Options of a command --------------------------------------------------===//
//
// A command states its options in a table; parsing, "given twice", "unknown" and --help follow from
// it. Options are long, `--name value` or `--name=value`, but for `-o`. Every mistake is
// Code::Usage with a hint.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tpc {

struct OptionSpec {
  std::string_view name;         ///< with the dashes
  std::string_view value;        ///< what stands for its value in the help; empty: a flag
  std::string_view defaultValue; ///< as the help shows it; empty: none
  std::string_view help;
  bool repeatable = false;
};

struct CommandSpec {
  std::string_view usage; ///< "tpc run PLAN [options]"
  std::string_view help;
  std::vector<std::string_view> positional; ///< names of the required ones
  std::span<const OptionSpec> options;
};

class Arguments {
public:
  static Result<Arguments> parse(const CommandSpec &command, std::span<const std::string> words);

  bool has(std::string_view option) const { return given_.contains(option); }
  /// The given value, or the default, which for some options is a phrase and no value.
  std::string get(std::string_view option) const;
  const std::vector<std::string> &all(std::string_view option) const;
  const std::string &positional(size_t i) const { return positional_[i]; }
  bool helpWanted() const { return help_; }

  /// The value as a number in [least, most].
  Result<int64_t> integer(std::string_view option, int64_t least,
                          int64_t most = std::numeric_limits<int64_t>::max()) const;
  /// The value, one of those that the table lists as "a|b|c".
  Result<std::string> choice(std::string_view option) const;
  /// NAME=VALUE of every occurrence; a name given twice is an error.
  Result<std::map<std::string, std::string>> assignments(std::string_view option) const;

private:
  const CommandSpec *command_ = nullptr;
  std::map<std::string_view, std::vector<std::string>> given_;
  std::vector<std::string> positional_;
  bool help_ = false;
};

/// The whole text is a number, or nothing is.
bool parseNumber(std::string_view text, double &value);
bool parseNumber(std::string_view text, int64_t &value);

std::string helpText(const CommandSpec &command);

} // namespace tpc
