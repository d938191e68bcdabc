//===- SafetensorsHeaderTest.cpp - What the reader accepts, and what it refuses ------------===//
#include "runtime/io/SafetensorsHeader.h"
#include "runtime/io/JsonReader.h"

#include <algorithm>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tpc {
namespace {

std::vector<uint8_t> fileOf(const std::string &header, size_t dataBytes, int64_t lengthError = 0) {
  uint64_t length = header.size() + static_cast<uint64_t>(lengthError);
  std::vector<uint8_t> file(8 + header.size() + dataBytes);
  std::memcpy(file.data(), &length, 8);
  std::copy(header.begin(), header.end(), file.begin() + 8);
  return file;
}

/// As a reader of the file does it.
Result<SafetensorsHeader> parse(std::span<const uint8_t> file) {
  TPC_ASSIGN_OR_RETURN(uint64_t length, SafetensorsHeader::textLength(file, file.size()));
  return SafetensorsHeader::parse({reinterpret_cast<const char *>(file.data()) + 8, length},
                                  file.size());
}

Result<SafetensorsHeader> parse(const std::string &header, size_t dataBytes) {
  return parse(fileOf(header, dataBytes));
}

std::string entry(const std::string &name, const std::string &dtype, const std::string &shape,
                  const std::string &begin, const std::string &end) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":[" + shape +
         "],\"data_offsets\":[" + begin + "," + end + "]}";
}

TEST(SafetensorsHeader, AcceptsWhatIsRight) {
  auto header =
      parse("{\"__metadata__\":{\"format\":\"pt\"}," + entry("b", "F32", "2,3", "8", "32") + "," +
                entry("a", "BF16", "4", "0", "8") + "," + entry("scalar", "F64", "", "32", "40") +
                "," + entry("empty", "F32", "0,2305843009213693951", "40", "40") + "}   ",
            40);
  ASSERT_TRUE(header.ok()) << header.status().message();
  ASSERT_EQ(header->tensors.size(), 4u);
  EXPECT_EQ(header->tensors[0].name, "a"); // in the order of their bytes
  EXPECT_EQ(header->tensors[1].shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(header->tensors[2].elements(), 1);
  EXPECT_EQ(header->metadata.at("format"), "pt");
  EXPECT_TRUE(parse("{}", 0).ok());
}

struct Refusal {
  std::string header;
  size_t dataBytes;
  const char *reason;
};

TEST(SafetensorsHeader, RefusesWhatIsNot) {
  std::string a = entry("a", "F32", "2", "0", "8");
  Refusal refusals[] = {
      {"[]", 0, "does not begin with '{'"},
      {" {}", 0, "does not begin with '{'"},
      {"", 0, "does not begin with '{'"},
      {"{" + a, 8, "expected '}'"},
      {"{" + a + ",}", 8, "expected '\"'"},
      {"{" + a + "}x", 8, "something follows"},
      {"{" + a + "}{}", 8, "something follows"},
      {"{" + a + "," + a + "}", 8, "'a' given twice"},
      {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "given twice"},
      {"{\"__metadata__\":{\"x\":\"1\",\"x\":\"2\"}}", 0, "metadata 'x' given twice"},
      {"{\"__metadata__\":{\"x\":1}}", 0, "expected '\"'"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "needs dtype, shape and two"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, "needs dtype"},
      {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
       "'dtype' given twice"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}", 8,
       "unknown key 'x'"},
      {"{" + entry("a", "F31", "2", "0", "8") + "}", 8, "unknown dtype"},
      {"{" + entry("a", "F32", "-2", "0", "8") + "}", 8, "expected an unsigned integer"},
      {"{" + entry("a", "F32", "2.0", "0", "8") + "}", 8, "expected an unsigned integer"},
      {"{" + entry("a", "F32", "2e0", "0", "8") + "}", 8, "expected an unsigned integer"},
      {"{" + entry("a", "F32", "02", "0", "8") + "}", 8, "leading zero"},
      {"{" + entry("a", "F32", "99999999999999999999", "0", "8") + "}", 8, "above 2^64"},
      {"{" + entry("a", "F32", "9223372036854775808", "0", "8") + "}", 8, "above 2^63"},
      {"{" + entry("a", "F32", "4611686018427387904,4", "0", "8") + "}", 8, "another number"},
      {"{" + entry("a", "F32", "4611686018427387904,0,4", "0", "0") + "}", 0, "another number"},
      {"{" + entry("a", "F32", "3", "0", "8") + "}", 8, "another number of bytes"},
      {"{" + entry("a", "F32", "2", "8", "0") + "}", 8, "ends before it begins"},
      {"{" + entry("a", "F32", "2", "8", "16") + "}", 16, "hole"},
      {"{" + a + "," + entry("b", "F32", "2", "4", "12") + "}", 12, "overlaps"},
      {"{" + a + "," + entry("b", "F32", "2", "12", "20") + "}", 20, "hole"},
      {"{" + a + "," + entry("b", "F32", "2", "8", "16") + "}", 15, "behind the end"},
      {"{" + a + "}", 9, "belong to no tensor"},
      {"{}", 1, "belong to no tensor"},
      {"{" + entry("\xC3\x28", "F32", "2", "0", "8") + "}", 8, "not UTF-8"},
      {"{" + entry("a\nb", "F32", "2", "0", "8") + "}", 8, "control character"},
      {"{" + entry("a\\q", "F32", "2", "0", "8") + "}", 8, "bad escape"},
      {"{" + entry("a\\ud800", "F32", "2", "0", "8") + "}", 8, "surrogate"},
  };
  for (const Refusal &refusal : refusals) {
    auto header = parse(refusal.header, refusal.dataBytes);
    ASSERT_FALSE(header.ok()) << refusal.header;
    EXPECT_EQ(header.status().code(), Code::InvalidInput);
    EXPECT_THAT(header.status().message(), testing::HasSubstr(refusal.reason)) << refusal.header;
  }
}

TEST(SafetensorsHeader, RefusesWrongLengths) {
  auto reason = [&](const std::vector<uint8_t> &file) { return parse(file).status().message(); };
  EXPECT_THAT(reason({1, 2, 3}), testing::HasSubstr("too short"));
  EXPECT_THAT(reason(fileOf("{}", 0, 1)), testing::HasSubstr("longer than the file"));
  EXPECT_THAT(reason(fileOf("{}", 0, 200'000'000)), testing::HasSubstr("claims"));
  EXPECT_THAT(reason(fileOf("{}", 0, -3)), testing::HasSubstr("claims"));
}

TEST(SafetensorsHeader, EveryTruncationIsRefused) {
  SafetensorsHeader header;
  header.metadata["step"] = "12 \"quoted\" \\ \n";
  header.tensors = {{"first", "F32", {2, 2}, 0, 16}, {"caf\xC3\xA9", "I32", {1}, 16, 20}};
  std::vector<uint8_t> file = header.serialise();
  EXPECT_EQ(file.size() % 64, 0u);
  file.resize(file.size() + 20);
  auto again = parse(file);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->metadata, header.metadata);
  EXPECT_EQ(again->tensors[1].name, header.tensors[1].name);
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_FALSE(parse(std::span(file).first(size)).ok()) << size;
}

TEST(JsonReader, UnescapesStrings) {
  JsonReader json(R"("a\"\\\/\n\u00e9\ud83d\ude00")");
  std::string value;
  ASSERT_TRUE(json.string(value)) << json.error();
  EXPECT_EQ(value, "a\"\\/\n\xC3\xA9\xF0\x9F\x98\x80");
}

TEST(JsonReader, KnowsUtf8) {
  for (const char *good : {"", "abc", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"})
    EXPECT_TRUE(isUtf8(good));
  for (const char *bad : {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                          "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE2\x82"})
    EXPECT_FALSE(isUtf8(bad));
}

} // namespace
} // namespace tpc
