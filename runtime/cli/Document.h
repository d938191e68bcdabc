//===- Document.h - What a view shows, apart from how ----------------------------------------===//
//
// A view of a plan or a model says what there is to see; it is printed as aligned text or as a
// page.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/cli/Table.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tpc {

/// Each part may be empty; they follow each other in this order.
struct Passage {
  std::string title;
  std::vector<std::pair<std::string, std::string>> facts; ///< name, value
  std::optional<Table> table = std::nullopt;
  std::string remark = "";
};

using Document = std::vector<Passage>;

/// Passages with a line between them.
std::string plainText(const Document &document);

/// A part of a page: `markup` comes in front of the document and is HTML already.
struct Section {
  std::string id; ///< also its heading
  Document document;
  std::string markup = "";
  bool folded = false; ///< shown when it is opened
};

/// One HTML file that needs nothing else: no script, no font, no picture of elsewhere.
std::string htmlPage(const std::string &title, const std::vector<Section> &sections);

/// The text with the characters that HTML reads replaced; fit for attributes in quotes, too.
std::string escapeHtml(std::string_view text);

} // namespace tpc
