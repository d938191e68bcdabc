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
    ++depth_;
  }
  void EndSequence() override {
    --depth_;
    newLine();
    text += '}';
  }
  void Field(size_t, size_t set, flatbuffers::ElementaryType, bool, const flatbuffers::TypeTable *,
             const char *name, const uint8_t *value) override {
    if (!value)
      return;
    if (set)
      text += ',';
    newLine();
    text += name;
    text += ": ";
  }
  void StartVector() override { text += '['; }
  void EndVector() override { text += ']'; }
  void Element(size_t i, flatbuffers::ElementaryType type, const flatbuffers::TypeTable *,
               const uint8_t *) override {
    if (i)
      text += ", ";
    if (type == flatbuffers::ET_SEQUENCE && depth_ <= kLineDepth) {
      text += '\n';
      text.append(2 * depth_ + 2, ' ');
    }
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
  /// Fields of the plan and of its entries have a line each; deeper tables stay on one line.
  static constexpr int kLineDepth = 2;

  void newLine() {
    if (depth_ > kLineDepth)
      return;
    text += '\n';
    text.append(2 * depth_, ' ');
  }
  template <typename T> void enumerator(T value, const char *name) {
    text += name ? name : std::to_string(value);
  }

  int depth_ = 0;
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
