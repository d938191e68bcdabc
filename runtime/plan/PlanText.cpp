//===- PlanText.cpp - The text form of a plan -------------------------------------------------===//
//
// flatbuffers' own JSON writer prints doubles with twelve decimals, which does not round-trip, so a
// visitor over the reflected tables writes the text; flatbuffers' parser reads it.
//
//===---------------------------------------------------------------------------------------===//

#include "runtime/plan/PlanText.h"

#include "runtime/plan/PlanWriter.h"

#include <flatbuffers/idl.h>
#include <flatbuffers/minireflect.h>
#include <flatbuffers/util.h>

#include <charconv>
#include <cmath>

namespace tpc {
extern const char *const planSchema;
} // namespace tpc

using namespace tpc;

namespace {

class TextVisitor : public flatbuffers::IterationVisitor {
public:
  std::string text;

  void StartSequence() override {
    text += '{';
    // Fields of the plan and of its entries have a line each; other tables stay on one line.
    onLines_.push_back(onLines_.empty() || next_ == plan::EntryTypeTable());
  }
  void EndSequence() override {
    if (onLines_.back())
      newLine(onLines_.size() - 1);
    onLines_.pop_back();
    text += '}';
  }
  void Field(size_t, size_t set, flatbuffers::ElementaryType, bool,
             const flatbuffers::TypeTable *table, const char *name, const uint8_t *value) override {
    if (!value)
      return;
    if (set)
      text += onLines_.back() ? "," : ", ";
    if (onLines_.back())
      newLine(onLines_.size());
    text += name;
    text += ": ";
    next_ = table;
  }
  void StartVector() override { text += '['; }
  void EndVector() override { text += ']'; }
  void Element(size_t i, flatbuffers::ElementaryType type, const flatbuffers::TypeTable *table,
               const uint8_t *) override {
    bool onLine = type == flatbuffers::ET_SEQUENCE && onLines_.back();
    if (i)
      text += onLine ? "," : ", ";
    if (onLine)
      newLine(onLines_.size() + 1);
    next_ = table;
  }

  void UType(uint8_t value, const char *name) override { enumerator(value, name); }
  void UChar(uint8_t value, const char *name) override { enumerator(value, name); }
  void Int(int32_t value, const char *name) override { enumerator(value, name); }
  void UInt(uint32_t value, const char *name) override { enumerator(value, name); }
  void Bool(bool value) override { text += value ? "true" : "false"; }
  void Long(int64_t value) override { text += std::to_string(value); }
  void ULong(uint64_t value) override { text += std::to_string(value); }
  void Double(double value) override {
    if (!std::isfinite(value)) {
      text += std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
      return;
    }
    char digits[32];
    text.append(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr);
  }
  void String(const flatbuffers::String *value) override {
    flatbuffers::EscapeString(value->c_str(), value->size(), &text, /*allow_non_utf8=*/true,
                              /*natural_utf8=*/false);
  }

private:
  void newLine(size_t indent) {
    text += '\n';
    text.append(2 * indent, ' ');
  }
  template <typename T> void enumerator(T value, const char *name) {
    text += name ? name : std::to_string(value);
  }

  std::vector<bool> onLines_;                    ///< of the tables being written, outermost first
  const flatbuffers::TypeTable *next_ = nullptr; ///< type of the value that comes next
};

} // namespace

std::string tpc::planToText(std::span<const uint8_t> bytes) {
  TextVisitor visitor;
  flatbuffers::IterateFlatBuffer(bytes.data(), plan::PlanTypeTable(), &visitor);
  visitor.text += '\n';
  return std::move(visitor.text);
}

Result<std::vector<uint8_t>> tpc::planFromText(const std::string &text) {
  flatbuffers::IDLOptions options;
  options.allow_non_utf8 = true;
  flatbuffers::Parser parser(options);
  if (!parser.Parse(planSchema))
    return Status(Code::Internal, "the built-in plan schema does not parse: " + parser.error_);
  if (!parser.Parse(text.c_str()))
    return Status(Code::InvalidInput, "this is not the text form of a plan: " + parser.error_);
  plan::PlanT plan;
  plan::GetPlan(parser.builder_.GetBufferPointer())->UnPackTo(&plan);
  return sealPlan(plan);
}
