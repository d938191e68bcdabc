//===- Table.cpp - Aligned columns ------------------------------------------------------------===//

#include "runtime/cli/Table.h"

#include <algorithm>

using namespace tpc;

std::string Table::str() const {
  std::vector<size_t> widths;
  for (const Column &column : columns_)
    widths.push_back(column.title.size());
  for (const std::vector<std::string> &row : rows_)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  auto line = [&](auto cell) {
    std::string written;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string &value = cell(i);
      std::string pad(widths[i] - value.size(), ' ');
      written += (i ? "  " : "");
      written += columns_[i].align == Align::Right ? pad + value : value + pad;
    }
    written.erase(written.find_last_not_of(' ') + 1);
    text += written + "\n";
  };
  line([&](size_t i) -> const std::string & { return columns_[i].title; });
  for (const std::vector<std::string> &row : rows_)
    line([&](size_t i) -> const std::string & { return row[i]; });
  return text;
}
