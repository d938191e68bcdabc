//===- Table.h - Rows under titles -----------------------------------------------------------===//
#pragma once

#include <string>
#include <vector>

namespace tpc {

class Table {
public:
  enum class Align { Left, Right };
  struct Column {
    std::string title;
    Align align = Align::Left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  const std::vector<Column> &columns() const { return columns_; }
  const std::vector<std::vector<std::string>> &rows() const { return rows_; }
  /// The titles, then the rows; columns two spaces apart, nothing behind the last cell.
  std::string str() const;

private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

} // namespace tpc
