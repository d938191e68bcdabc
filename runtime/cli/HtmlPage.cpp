//===- HtmlPage.cpp - Documents as one page ---------------------------------------------------===//

#include "runtime/cli/Document.h"

#include <algorithm>

using namespace tpc;

namespace {

/// Colours follow the system's choice of light or dark. The series
/// (Paul Tol, "Colour Schemes", 2021, SRON/EPS/TN/09-002: "bright")
/// can be told apart by people with any colour vision, on both.
constexpr const char *kStyle = R"(
:root { color-scheme: light dark; --page: #fff; --text: #1c1e21; --soft: #5f6670; --line: #d9dce0; --head: #f3f4f6; }
@media (prefers-color-scheme: dark) {
  :root { --page: #16181b; --text: #e3e5e8; --soft: #9aa1ab; --line: #363a40; --head: #202327; }
}
body { margin: 0 auto; max-width: 75rem; padding: 1rem; background: var(--page); color: var(--text);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0.5rem 0; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 0.6rem; padding-top: 0.6rem; border-top: 1px solid var(--line); }
h3 { font-size: 0.95rem; margin: 1.2rem 0 0.4rem; }
nav { display: flex; flex-wrap: wrap; gap: 0 1rem; }
nav a { color: inherit; }
.scroll { overflow-x: auto; margin: 0.5rem 0; }
table { border-collapse: collapse; font-size: 0.8rem; }
th, td { padding: 0.2rem 0.6rem; text-align: left; vertical-align: top; white-space: nowrap;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
thead th { background: var(--head); font-weight: 600; }
.right { text-align: right; }
td.prose { white-space: normal; min-width: 22rem; }
dl { display: grid; grid-template-columns: 8rem 1fr; gap: 0.15rem 0.8rem; margin: 0.4rem 0; font-size: 0.85rem; }
dt, .soft, figcaption { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
p, figcaption { font-size: 0.85rem; }
figure { margin: 1rem 0; }
summary { cursor: pointer; }
svg { display: block; width: 100%; height: 24rem; border: 1px solid var(--line); box-sizing: border-box; }
svg rect { stroke: var(--page); stroke-width: 0.5; vector-effect: non-scaling-stroke; }
.band { display: flex; height: 1.3rem; font-size: 0.75rem; color: var(--soft); }
.band span { overflow: hidden; white-space: nowrap; border-left: 1px solid var(--line); padding-left: 0.3rem; min-width: 0; box-sizing: border-box; }
.bar { display: grid; grid-template-columns: 5rem 1fr 6rem; gap: 0.5rem; align-items: center; font-size: 0.8rem; margin: 0.25rem 0; }
.bar div { display: flex; height: 1.1rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; font-size: 0.8rem; margin-top: 0.4rem; }
.legend i { display: inline-block; width: 0.8rem; height: 0.8rem; margin-right: 0.35rem; vertical-align: -0.1rem; }
.s0 { fill: #4477aa; background: #4477aa; } .s1 { fill: #66ccee; background: #66ccee; }
.s2 { fill: #228833; background: #228833; } .s3 { fill: #ccbb44; background: #ccbb44; }
.s4 { fill: #ee6677; background: #ee6677; } .s5 { fill: #aa3377; background: #aa3377; }
.s6 { fill: #ee8866; background: #ee8866; } .s7 { fill: #8a8f98; background: #8a8f98; }
)";

/// From this many characters on a cell of the last column is a sentence, which may be broken.
constexpr size_t kSentence = 60;

std::string tableHtml(const Table &table) {
  std::string html = "<div class=\"scroll\"><table><thead><tr>";
  auto cell = [&](const char *tag, const std::string &classes, const std::string &text) {
    html += std::string("<") + tag + (classes.empty() ? "" : " class=\"" + classes + "\"") + ">" +
            escapeHtml(text) + "</" + tag + ">";
  };
  auto alignment = [&](size_t i) {
    return table.columns()[i].align == Table::Align::Right ? "right" : "";
  };
  for (size_t i = 0; i < table.columns().size(); ++i)
    cell("th", alignment(i), table.columns()[i].title);
  html += "</tr></thead>\n<tbody>\n";
  for (const std::vector<std::string> &row : table.rows()) {
    html += "<tr>";
    for (size_t i = 0; i < row.size(); ++i)
      cell("td", i + 1 == row.size() && row[i].size() >= kSentence ? "prose" : alignment(i),
           row[i]);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string passageHtml(const Passage &passage) {
  std::string html;
  if (!passage.title.empty())
    html += "<h3>" + escapeHtml(passage.title) + "</h3>\n";
  if (!passage.facts.empty()) {
    html += "<dl>\n";
    for (const auto &[name, value] : passage.facts)
      html += "<dt>" + escapeHtml(name) + "</dt><dd>" + escapeHtml(value) + "</dd>\n";
    html += "</dl>\n";
  }
  if (passage.table)
    html += tableHtml(*passage.table);
  if (!passage.remark.empty())
    html += "<p class=\"soft\">" + escapeHtml(passage.remark) + "</p>\n";
  return html;
}

} // namespace

std::string tpc::escapeHtml(std::string_view text) {
  std::string html;
  for (char c : text)
    switch (c) {
    case '&':
      html += "&amp;";
      break;
    case '<':
      html += "&lt;";
      break;
    case '>':
      html += "&gt;";
      break;
    case '"':
      html += "&quot;";
      break;
    case '\'':
      html += "&#39;";
      break;
    default:
      html += c;
    }
  return html;
}

std::string tpc::htmlPage(const std::string &title, const std::vector<Section> &sections) {
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<title>" +
                     escapeHtml(title) + "</title>\n<style>" + kStyle + "</style>\n</head>\n" +
                     "<body>\n<h1>" + escapeHtml(title) + "</h1>\n<nav>";
  for (const Section &section : sections)
    html += "<a href=\"#" + escapeHtml(section.id) + "\">" + escapeHtml(section.id) + "</a>";
  html += "</nav>\n";
  for (const Section &section : sections) {
    html += "<section id=\"" + escapeHtml(section.id) + "\">\n<h2>" + escapeHtml(section.id) +
            "</h2>\n" + section.markup;
    if (section.folded)
      html += "<details><summary>show</summary>\n";
    for (const Passage &passage : section.document)
      html += passageHtml(passage);
    html += section.folded ? "</details>\n</section>\n" : "</section>\n";
  }
  return html + "</body>\n</html>\n";
}
