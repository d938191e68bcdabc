//===- KernelText.h - Modules with one kernel, as text --------------------------------------===//
#pragma once

#include <string>
#include <vector>

namespace tpc::codegen {

/// A module whose kernel has these inputs (`name: type`) and body; `results` are its result types.
struct Text {
  struct Input {
    std::string name, type;
  };
  std::vector<Input> inputs;
  std::vector<std::string> results;
  std::string body; ///< with nn.yield; inputs are %name
  std::string attributes;

  std::string str() const {
    std::string declarations, reads, arguments, types, values, outputs;
    for (const Input &input : inputs) {
      if (input.type == "index") {
        reads += "%r_" + input.name + " = tp.offset 4\n";
      } else {
        declarations +=
            "nn.input @" + input.name + " : " + input.type + " dims [" + dims(input.type) + "]\n";
        reads += "%r_" + input.name + " = nn.read @" + input.name + " : " + input.type + "\n";
      }
      arguments += (arguments.empty() ? "" : ", ") + std::string("%") + input.name + " = %r_" +
                   input.name + " : " + input.type;
    }
    for (size_t i = 0; i < results.size(); ++i) {
      std::string comma = i ? ", " : "";
      types += comma + results[i];
      values += comma + "%k#" + std::to_string(i);
      outputs += comma + "\"o" + std::to_string(i) + "\"";
    }
    return declarations + "nn.entry @e outputs [" + outputs + "] {\n" + reads +
           "%k:" + std::to_string(results.size()) + " = nn.kernel \"k\" (" + arguments + ") -> (" +
           types + ") " + (attributes.empty() ? "" : "attributes {" + attributes + "} ") + "{\n" +
           body + "\n}\nnn.return " + values + " : " + types + "\n}\n";
  }

private:
  static std::string dims(const std::string &type) {
    std::string result;
    for (char c : type.substr(0, type.find_last_of('x') + 1))
      if (c == 'x')
        result += std::string(result.empty() ? "" : ", ") + "\"\"";
    return result;
  }
};

inline std::string replaced(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// Every float type of the text as `type`.
inline std::string withType(const Text &text, const std::string &type) {
  return replaced(text.str(), "xf32", "x" + type);
}

} // namespace tpc::codegen
