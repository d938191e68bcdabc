//===- CommandLine.cpp - Long options with their defaults ---------------------------------===//

#include "compiler/driver/CommandLine.h"

#include <algorithm>
#include <charconv>

using namespace tpc;

bool tpc::splitAssignment(const std::string &text, std::string &name, std::string &value) {
  size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return false;
  name = text.substr(0, equals);
  value = text.substr(equals + 1);
  return true;
}

bool tpc::parseInteger(const std::string &text, int64_t &value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

void CommandLine::addArgument(std::string name, std::string &target) {
  arguments.push_back({std::move(name), target});
}

void CommandLine::addText(std::string name, std::string value, std::string &target,
                          std::string help) {
  options.push_back({std::move(name), std::move(value), std::move(help),
                     target.empty() ? "none" : target, false, [&target](const std::string &text) {
                       target = text;
                       return Status();
                     }});
}

void CommandLine::addInteger(std::string name, std::string value, int64_t &target, int64_t least,
                             std::string help) {
  std::string defaultText = target < least ? "none" : std::to_string(target);
  auto set = [&target, name, least](const std::string &text) {
    if (!parseInteger(text, target) || target < least)
      return Status(Code::Usage, "'" + text + "' is no value of " + name,
                    "give an integer of at least " + std::to_string(least));
    return Status();
  };
  options.push_back(
      {std::move(name), std::move(value), std::move(help), std::move(defaultText), false, set});
}

void CommandLine::addChoice(std::string name, std::vector<std::string> choices, std::string &target,
                            std::string help) {
  std::string joined;
  for (const std::string &choice : choices)
    joined += (joined.empty() ? "" : "|") + choice;
  auto set = [&target, name, choices, joined](const std::string &text) {
    if (std::find(choices.begin(), choices.end(), text) == choices.end())
      return Status(Code::Usage, "'" + text + "' is no value of " + name,
                    "choose one of " + joined);
    target = text;
    return Status();
  };
  options.push_back(
      {std::move(name), joined, std::move(help), target.empty() ? "none" : target, false, set});
}

void CommandLine::addList(std::string name, std::string value, std::vector<std::string> &target,
                          std::string help) {
  options.push_back({std::move(name), std::move(value), std::move(help), "none", true,
                     [&target](const std::string &text) {
                       target.push_back(text);
                       return Status();
                     }});
}

Status CommandLine::parse(std::span<const std::string> words) {
  size_t nextArgument = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string word = words[i];
    if (word == "--help" || word == "-h") {
      helpWanted = true;
      return Status();
    }
    if (word.empty() || word[0] != '-' || word == "-") {
      if (nextArgument == arguments.size())
        return Status(Code::Usage, "'" + word + "' is one argument too many", "usage: " + usage);
      arguments[nextArgument++].target = word;
      continue;
    }
    std::string inlineValue;
    bool hasInlineValue = false;
    if (std::string name; word.starts_with("--") && splitAssignment(word, name, inlineValue)) {
      hasInlineValue = true;
      word = name;
    }
    auto option = std::find_if(options.begin(), options.end(),
                               [&](const Option &candidate) { return candidate.name == word; });
    if (option == options.end())
      return Status(Code::Usage, "unknown option '" + word + "'", "--help lists all options");
    if (!given.insert(word).second && !option->repeats)
      return Status(Code::Usage, word + " is given twice", "give it once");
    if (!hasInlineValue && i + 1 == words.size())
      return Status(Code::Usage, word + " needs a value", word + " " + option->value);
    TPC_RETURN_IF_ERROR(option->set(hasInlineValue ? inlineValue : words[++i]));
  }
  if (nextArgument != arguments.size())
    return Status(Code::Usage, arguments[nextArgument].name + " is missing", "usage: " + usage);
  return Status();
}

std::string CommandLine::help() const {
  std::string text = "usage: " + usage + "\n\n" + summary + "\n\n";
  size_t width = 0;
  for (const Option &option : options)
    width = std::max(width, option.name.size() + 1 + option.value.size());
  for (const Option &option : options) {
    std::string left = option.name + " " + option.value;
    text += "  " + left + std::string(width - left.size() + 2, ' ') + option.help + " (" +
            (option.repeats ? "may be repeated; " : "") + "default: " + option.defaultText + ")\n";
  }
  return text;
}
