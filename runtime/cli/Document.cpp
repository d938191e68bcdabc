//===- Document.cpp - A view as aligned text -------------------------------------------------===//

#include "runtime/cli/Document.h"

using namespace tpc;

std::string tpc::plainText(const Document &document) {
  constexpr size_t kNameWidth = 14;
  std::string text;
  for (const Passage &passage : document) {
    text += text.empty() ? "" : "\n";
    if (!passage.title.empty())
      text += passage.title + "\n";
    for (const auto &[name, value] : passage.facts) {
      std::string left = (passage.title.empty() ? "" : "  ") + name;
      left.resize(std::max(left.size() + 1, kNameWidth), ' ');
      text += left + value + "\n";
    }
    if (passage.table)
      text += passage.table->str();
    if (!passage.remark.empty())
      text += passage.remark + "\n";
  }
  return text;
}
