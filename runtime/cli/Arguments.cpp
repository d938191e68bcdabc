//===- Arguments.cpp - Options of a command ------------------------------------------------===//

#include "runtime/cli/Arguments.h"

#include <algorithm>
#include <charconv>
#include <numeric>

using namespace tpc;

namespace {

const OptionSpec *findOption(const CommandSpec &command, std::string_view name) {
  for (const OptionSpec &option : command.options)
    if (option.name == name)
      return &option;
  return nullptr;
}

size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t substituted = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

Status unknownOption(const CommandSpec &command, std::string_view name) {
  std::string_view nearest;
  // What is further away, or differs in half of its letters, is another word.
  size_t letters = name.size() - std::min(name.find_first_not_of('-'), name.size());
  size_t least = std::min<size_t>(4, letters / 2 + 1);
  for (const OptionSpec &option : command.options)
    if (size_t distance = editDistance(option.name, name); distance < least) {
      least = distance;
      nearest = option.name;
    }
  return Status(Code::Usage, "unknown option '" + std::string(name) + "'",
                nearest.empty() ? "--help lists the options"
                                : "did you mean '" + std::string(nearest) + "'?");
}

/// "--steps N", for hints.
std::string spelling(const OptionSpec &option) {
  return std::string(option.name) + (option.value.empty() ? "" : " ") + std::string(option.value);
}

/// What is wrong with a value.
Status refuse(const OptionSpec &option, const std::string &problem) {
  return Status(Code::Usage, "option '" + std::string(option.name) + "': " + problem,
                spelling(option) + ": " + std::string(option.help));
}

template <typename T> bool parseWhole(std::string_view text, T &value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

} // namespace

bool tpc::parseNumber(std::string_view text, double &value) { return parseWhole(text, value); }
bool tpc::parseNumber(std::string_view text, int64_t &value) { return parseWhole(text, value); }

Result<Arguments> Arguments::parse(const CommandSpec &command, std::span<const std::string> words) {
  Arguments arguments;
  arguments.command_ = &command;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string &word = words[i];
    if (word == "--help" || word == "-h") {
      arguments.help_ = true;
      return arguments;
    }
    if (word.size() < 2 || word[0] != '-') {
      arguments.positional_.push_back(word);
      continue;
    }
    size_t equals = word.find('=');
    const OptionSpec *option = findOption(command, std::string_view(word).substr(0, equals));
    if (!option)
      return unknownOption(command, std::string_view(word).substr(0, equals));
    std::vector<std::string> &values = arguments.given_[option->name];
    if (!values.empty() && !option->repeatable)
      return Status(Code::Usage, "option '" + std::string(option->name) + "' is given twice",
                    "give it once");
    if (option->value.empty()) {
      if (equals != std::string::npos)
        return Status(Code::Usage, "option '" + std::string(option->name) + "' takes no value",
                      "give it as " + std::string(option->name));
      values.push_back("");
    } else if (equals != std::string::npos) {
      values.push_back(word.substr(equals + 1));
    } else if (i + 1 < words.size()) {
      values.push_back(words[++i]);
    } else {
      return Status(Code::Usage, "option '" + std::string(option->name) + "' needs a value",
                    spelling(*option));
    }
  }
  if (arguments.positional_.size() < command.positional.size())
    return Status(Code::Usage,
                  "no " + std::string(command.positional[arguments.positional_.size()]) +
                      " is given",
                  "usage: " + std::string(command.usage));
  if (arguments.positional_.size() > command.positional.size())
    return Status(Code::Usage,
                  "'" + arguments.positional_[command.positional.size()] + "' is not expected here",
                  "usage: " + std::string(command.usage));
  return arguments;
}

std::string Arguments::get(std::string_view option) const {
  if (auto found = given_.find(option); found != given_.end())
    return found->second.front();
  return std::string(findOption(*command_, option)->defaultValue);
}

const std::vector<std::string> &Arguments::all(std::string_view option) const {
  static const std::vector<std::string> none;
  auto found = given_.find(option);
  return found == given_.end() ? none : found->second;
}

Result<int64_t> Arguments::integer(std::string_view option, int64_t least, int64_t most) const {
  std::string text = get(option);
  int64_t value = 0;
  if (parseNumber(text, value) && value >= least && value <= most)
    return value;
  bool isOpen = most == std::numeric_limits<int64_t>::max();
  return refuse(*findOption(*command_, option),
                "'" + text + "' is not a whole number " +
                    (isOpen ? "of at least " + std::to_string(least) + " and below 2^63"
                            : "from " + std::to_string(least) + " to " + std::to_string(most)));
}

Result<std::string> Arguments::choice(std::string_view option) const {
  const OptionSpec &spec = *findOption(*command_, option);
  std::string text = get(option), list;
  for (size_t begin = 0; begin <= spec.value.size();) {
    size_t end = std::min(spec.value.find('|', begin), spec.value.size());
    std::string_view choice = spec.value.substr(begin, end - begin);
    if (choice == text)
      return text;
    list += (list.empty() ? "" : ", ") + std::string(choice);
    begin = end + 1;
  }
  return refuse(spec, "'" + text + "' is none of " + list);
}

Result<std::map<std::string, std::string>> Arguments::assignments(std::string_view option) const {
  std::map<std::string, std::string> result;
  for (const std::string &text : all(option)) {
    size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
      return refuse(*findOption(*command_, option), "'" + text + "' is not NAME=VALUE");
    if (!result.emplace(text.substr(0, equals), text.substr(equals + 1)).second)
      return Status(Code::Usage,
                    "option '" + std::string(option) + "' gives '" + text.substr(0, equals) +
                        "' twice",
                    "give each name once");
  }
  return result;
}

std::string tpc::helpText(const CommandSpec &command) {
  std::string text = "usage: " + std::string(command.usage) + "\n\n" + std::string(command.help) +
                     "\n\noptions:\n";
  size_t width = 0;
  for (const OptionSpec &option : command.options)
    width = std::max(width, spelling(option).size());
  for (const OptionSpec &option : command.options) {
    std::string name = spelling(option);
    text += "  " + name + std::string(width - name.size() + 2, ' ') + std::string(option.help);
    std::string remark = option.repeatable ? "may be repeated" : "";
    if (!option.value.empty())
      remark += (remark.empty() ? "default: " : "; default: ") +
                (option.defaultValue.empty() ? "none" : std::string(option.defaultValue));
    text += (remark.empty() ? "" : " (" + remark + ")") + "\n";
  }
  return text;
}
