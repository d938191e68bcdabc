//===- SafetensorsIndexTest.cpp - Weights in several files ----------------------------------===//
#include "runtime/io/SafetensorsIndex.h"
#include "runtime/io/SafetensorsReader.h"
#include "runtime/io/SafetensorsWriter.h"
#include "tests/unit/support/Temporary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tpc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(SafetensorsIndex, IsReadAsItIsPublished) {
  Result<SafetensorsIndex> index = SafetensorsIndex::parse(R"({
    "metadata": {"total_size": 2.6e+10, "note": [-1, true, null, {"a": "b"}, []]},
    "weight_map": {
      "a": "model-00001-of-00002.safetensors",
      "b": "model-00002-of-00002.safetensors"
    }
  })");
  ASSERT_TRUE(index.ok()) << index.status().message();
  EXPECT_THAT(index->files, ElementsAre(std::pair("a", "model-00001-of-00002.safetensors"),
                                        std::pair("b", "model-00002-of-00002.safetensors")));
}

TEST(SafetensorsIndex, RefusesWhatIsNone) {
  const std::pair<std::string, const char *> texts[] = {
      {"", "expected '{' at byte 0"},
      {R"({"model_type": "gpt2"})", "has no 'weight_map'"},
      {R"({"weight_map": {}})", "has no 'weight_map'"},
      {R"({"weight_map": {"a": 1}})", "expected '\"'"},
      {R"({"weight_map": {"a": "f.safetensors"}} x)", "something follows the end"},
      {R"({"weight_map": {"a": "f.safetensors", "a": "g.safetensors"}})", "tensor 'a' given twice"},
      {R"({"weight_map": {"a": "f.safetensors"}, "weight_map": {}})", "'weight_map' given twice"},
      {R"({"metadata": ?})", "expected a value"},
      {R"({"metadata": )" + std::string(100, '['), "lie in more than 64 others"},
      {"{\"weight_map\": {\"\xFF\": \"f.safetensors\"}}", "not UTF-8"},
      {R"({"weight_map": {"a": "../f.safetensors"}})",
       "names '../f.safetensors' as the file of 'a', "
       "which leads elsewhere"},
      {R"({"weight_map": {"a": "/f.safetensors"}})", "which leads elsewhere"},
      {R"({"weight_map": {"a": "x/f.safetensors"}})", "which leads elsewhere"},
      {R"({"weight_map": {"a": "f\u0000.safetensors"}})", "which leads elsewhere"},
      {R"({"weight_map": {"a": "pytorch_model.bin"}})", "which is no safetensors file"},
      {R"({"weight_map": {"a": ".."}})", "which is no safetensors file"},
  };
  for (const auto &[text, reason] : texts) {
    Status status = SafetensorsIndex::parse(text).status();
    EXPECT_EQ(status.code(), Code::InvalidInput) << text;
    EXPECT_THAT(status.message(), HasSubstr(reason)) << text;
    EXPECT_NE(status.hint(), "") << text;
  }
}

class IndexedFiles : public testing::Test {
protected:
  /// A file of tensors of one number each.
  void write(const std::string &name, std::vector<std::pair<std::string, float>> tensors) {
    std::vector<SavedTensor> saved;
    for (const auto &[tensor, value] : tensors)
      saved.push_back({tensor, DType::F32, {1}});
    auto writer = SafetensorsWriter::create(folder_.path(name), saved, {{"tpc.checkpoint", "1"}});
    ASSERT_TRUE(writer.ok()) << writer.status().message();
    for (size_t i = 0; i < tensors.size(); ++i)
      ASSERT_TRUE(writer->write(i, map_, &tensors[i].second).ok());
    ASSERT_TRUE(writer->commit().ok());
  }
  Result<SafetensorsReader> open(const std::string &map) {
    std::ofstream(folder_.path("all.index.json")) << "{\"weight_map\": {" << map << "}}";
    return SafetensorsReader::openIndex(folder_.path("all.index.json"));
  }
  void expectRefusal(const std::string &map, const std::string &reason) {
    Status status = open(map).status();
    EXPECT_EQ(status.code(), Code::InvalidInput);
    EXPECT_THAT(status.message(), HasSubstr(reason));
    EXPECT_NE(status.hint(), "");
  }

  test::TemporaryFolder folder_;
  CoordinateMap map_{Sharding::replicated({1}), Mesh{{{"tp", 1}}}, 0};
};

TEST_F(IndexedFiles, AreAsOne) {
  write("1.safetensors", {{"a", 1}, {"b", 2}});
  write("2.safetensors", {{"c", 3}});
  Result<SafetensorsReader> reader =
      open(R"("a": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors")");
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  EXPECT_EQ(reader->path(), folder_.path("all.index.json"));
  EXPECT_THAT(reader->files(),
              ElementsAre(folder_.path("1.safetensors"), folder_.path("2.safetensors")));
  EXPECT_TRUE(reader->metadata().empty()) << "what a part says is not of all";
  for (auto [name, expected] : {std::pair("a", 1.0f), {"b", 2.0f}, {"c", 3.0f}}) {
    float value = 0;
    ASSERT_TRUE(reader->read({.name = name}, map_, DType::F32, &value).ok());
    EXPECT_EQ(value, expected);
  }
  std::vector<WantedTensor> wanted = {{{.name = "a"}, {1}}, {{.name = "c"}, {1}}};
  EXPECT_THAT(reader->check(wanted).message(),
              HasSubstr("tensor 'b' of '" + folder_.path("1.safetensors") + "' belongs to no"));
  wanted.push_back({{.name = "b"}, {1}});
  EXPECT_TRUE(reader->check(wanted).ok());
  wanted.push_back({{.name = "d"}, {1}});
  EXPECT_THAT(reader->check(wanted).message(), HasSubstr("all.index.json' has no tensor 'd'"));
}

TEST_F(IndexedFiles, AreWhatTheIndexSays) {
  write("1.safetensors", {{"a", 1}, {"b", 2}});
  write("2.safetensors", {{"c", 3}});
  write("3.safetensors", {{"a", 1}});
  expectRefusal(R"("a": "1.safetensors", "c": "4.safetensors")",
                "names '4.safetensors', which does not lie beside it");
  expectRefusal(R"("a": "1.safetensors", "d": "2.safetensors")",
                "says that 'd' is in '2.safetensors', and it is not there");
  expectRefusal(R"("a": "1.safetensors", "b": "2.safetensors")",
                "says that 'b' is in '2.safetensors', and it is in '" +
                    folder_.path("1.safetensors") + "'");
  expectRefusal(R"("a": "1.safetensors", "x": "3.safetensors")",
                "tensor 'a' is in '" + folder_.path("1.safetensors") + "' and in '" +
                    folder_.path("3.safetensors") + "'");
  std::ofstream(folder_.path("5.safetensors")) << "text";
  expectRefusal(R"("a": "5.safetensors")", "5.safetensors'");
}

} // namespace
} // namespace tpc
