//===- SafetensorsTest.cpp - Slices in, slices out -----------------------------------------===//
#include "runtime/io/SafetensorsReader.h"
#include "runtime/io/SafetensorsWriter.h"
#include "runtime/support/BFloat16.h"
#include "tests/unit/support/Temporary.h"

#include <cmath>
#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numeric>
#include <sys/resource.h>

namespace tpc {
namespace {

using test::TemporaryFile;

using testing::HasSubstr;

const Mesh oneRank{{{"tp", 1}}};

CoordinateMap wholeMap(const std::vector<int64_t> &shape) {
  return CoordinateMap(Sharding::replicated(shape), oneRank, 0);
}

/// A file with w = 0, 1, 2, ... of shape [4, 6], and some tensors of other types.
struct SampleFile {
  TemporaryFile file{".safetensors"};
  SampleFile() {
    auto writer = SafetensorsWriter::create(
        file.path(), {{"w", DType::F32, {4, 6}}, {"ids", DType::I32, {3}}, {"h", DType::BF16, {2}}},
        {{"step", "7"}});
    EXPECT_TRUE(writer.ok()) << writer.status().message();
    std::vector<float> w(24);
    std::iota(w.begin(), w.end(), 0.0f);
    int32_t ids[] = {1, -2, 3};
    uint16_t h[] = {0x3F80, 0xC000}; // 1, -2
    EXPECT_TRUE(writer->write(0, wholeMap({4, 6}), w.data()).ok());
    EXPECT_TRUE(writer->write(1, wholeMap({3}), ids).ok());
    EXPECT_TRUE(writer->write(2, wholeMap({2}), h).ok());
    EXPECT_TRUE(writer->commit().ok());
  }
  SafetensorsReader open() const {
    auto reader = SafetensorsReader::open(file.path());
    EXPECT_TRUE(reader.ok()) << reader.status().message();
    return std::move(*reader);
  }
};

std::vector<uint8_t> fileWith(const std::string &dtype, std::vector<int64_t> shape,
                              const void *data, size_t bytes) {
  SafetensorsHeader header;
  header.tensors = {{"x", dtype, std::move(shape), 0, bytes}};
  std::vector<uint8_t> file = header.serialise();
  auto *begin = static_cast<const uint8_t *>(data);
  file.insert(file.end(), begin, begin + bytes);
  return file;
}

std::vector<float> readFloats(const SafetensorsReader &reader, const TensorSource &source,
                              const CoordinateMap &map) {
  std::vector<float> local(map.localElements(), std::nanf(""));
  Status status = reader.read(source, map, DType::F32, local.data());
  EXPECT_TRUE(status.ok()) << status.message();
  return local;
}

TEST(Safetensors, ReadsSlicesAndTransposes) {
  SampleFile sample;
  SafetensorsReader reader = sample.open();
  EXPECT_EQ(reader.metadata().at("step"), "7");
  std::vector<float> w = readFloats(reader, {"w"}, wholeMap({4, 6}));
  EXPECT_EQ(w[23], 23);
  std::vector<float> rows = readFloats(reader, {"w", false, 0, 1, 2}, wholeMap({2, 6}));
  EXPECT_EQ(rows.front(), 6);
  EXPECT_EQ(rows.back(), 17);
  std::vector<float> columns = readFloats(reader, {"w", false, 1, 4, 2}, wholeMap({4, 2}));
  EXPECT_EQ(columns, (std::vector<float>{4, 5, 10, 11, 16, 17, 22, 23}));
  std::vector<float> transposed = readFloats(reader, {"w", true}, wholeMap({6, 4}));
  EXPECT_EQ(transposed[1], 6);
  std::vector<float> both = readFloats(reader, {"w", true, 0, 4, 2}, wholeMap({2, 4}));
  EXPECT_EQ(both, (std::vector<float>{4, 10, 16, 22, 5, 11, 17, 23}));
}

TEST(Safetensors, RanksReadTheirElements) {
  SampleFile sample;
  SafetensorsReader reader = sample.open();
  for (int64_t ranks : {2, 3, 4, 8})
    for (int dim : {0, 1})
      for (bool transpose : {false, true}) {
        Mesh mesh{{{"tp", ranks}}};
        std::vector<int64_t> shape =
            transpose ? std::vector<int64_t>{6, 4} : std::vector<int64_t>{4, 6};
        Sharding sharding = Sharding::replicated(shape);
        sharding.dims[dim] = splitDim(shape[dim], 0, mesh);
        for (int64_t rank = 0; rank < ranks; ++rank) {
          CoordinateMap map(sharding, mesh, rank);
          std::vector<float> local = readFloats(reader, {"w", transpose}, map);
          for (int64_t i = 0; i < map.localElements(); ++i) {
            int64_t element = map.globalElement(i);
            float expected = element < 0  ? 0
                             : !transpose ? static_cast<float>(element)
                                          : static_cast<float>(element % 4 * 6 + element / 4);
            EXPECT_EQ(local[i], expected);
          }
        }
      }
}

TEST(Safetensors, TransposesManyRows) {
  std::vector<float> stored(5 * 37);
  std::iota(stored.begin(), stored.end(), 0.0f);
  TemporaryFile file(fileWith("F32", {5, 37}, stored.data(), stored.size() * 4));
  auto reader = SafetensorsReader::open(file.path());
  ASSERT_TRUE(reader.ok());
  std::vector<float> transposed = readFloats(*reader, {"x", true}, wholeMap({37, 5}));
  for (int row = 0; row < 37; ++row)
    for (int column = 0; column < 5; ++column)
      EXPECT_EQ(transposed[row * 5 + column], stored[column * 37 + row]);
}

TEST(Safetensors, Converts) {
  SampleFile sample;
  SafetensorsReader reader = sample.open();
  double doubles[2];
  ASSERT_TRUE(reader.read({"h"}, wholeMap({2}), DType::F64, doubles).ok());
  EXPECT_EQ(doubles[1], -2);
  std::vector<uint16_t> halves(24);
  ASSERT_TRUE(reader.read({"w"}, wholeMap({4, 6}), DType::BF16, halves.data()).ok());
  EXPECT_EQ(halves[1], 0x3F80);
  int32_t ids[3];
  ASSERT_TRUE(reader.read({"ids"}, wholeMap({3}), DType::I32, ids).ok());
  EXPECT_EQ(ids[1], -2);
  EXPECT_THAT(reader.read({"ids"}, wholeMap({3}), DType::F32, ids).message(),
              HasSubstr("does not convert"));
  EXPECT_THAT(reader.read({"w"}, wholeMap({4, 6}), DType::I32, halves.data()).message(),
              HasSubstr("does not convert"));
}

TEST(Safetensors, ConvertsHalfPrecisionAndLongIntegers) {
  uint16_t halves[] = {0x3C00, 0xC100, 0x0001, 0x7C00, 0x8400};
  TemporaryFile file(fileWith("F16", {5}, halves, sizeof(halves)));
  auto reader = SafetensorsReader::open(file.path());
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(readFloats(*reader, {"x"}, wholeMap({5})),
            (std::vector<float>{1, -2.5, 0x1p-24f, INFINITY, -0x1p-14f}));

  int64_t integers[] = {5, int64_t{1} << 31};
  TemporaryFile longs(fileWith("I64", {2}, integers, sizeof(integers)));
  reader = SafetensorsReader::open(longs.path());
  ASSERT_TRUE(reader.ok());
  int32_t local[2];
  EXPECT_THAT(reader->read({"x"}, wholeMap({2}), DType::I32, local).message(),
              HasSubstr("does not fit"));
}

TEST(Safetensors, SaysWhatDoesNotMatch) {
  SampleFile sample;
  SafetensorsReader reader = sample.open();
  float local[64];
  auto reason = [&](const TensorSource &source, const std::vector<int64_t> &shape) {
    return reader.read(source, wholeMap(shape), DType::F32, local).message();
  };
  EXPECT_THAT(reason({"nothing"}, {1}), HasSubstr("has no tensor 'nothing'"));
  EXPECT_THAT(reason({"w"}, {6, 4}), HasSubstr("gives shape [4, 6]"));
  EXPECT_THAT(reason({"h", true}, {2}), HasSubstr("has not two dims"));
  EXPECT_THAT(reason({"w", false, 0, 3, 2}, {2, 6}), HasSubstr("has no rows 3 to 5"));
  EXPECT_THAT(reason({"w", false, 2, 0, 1}, {1}), HasSubstr("of dim 2"));
  EXPECT_FALSE(SafetensorsReader::open(sample.file.path() + "-not-there").ok());
  EXPECT_FALSE(SafetensorsReader::open("/tmp").ok());
}

WantedTensor want(const std::string &name, const std::vector<int64_t> &shape) {
  return {{name}, shape};
}

/// Rows [start, start + size) of the transposed w.
WantedTensor rowsOfW(int64_t start, int64_t size) {
  return {{"w", true, 0, start, size}, {size, 4}};
}

TEST(Safetensors, EveryTensorMustBeUsed) {
  SampleFile sample;
  SafetensorsReader reader = sample.open();
  auto reason = [&](std::vector<WantedTensor> wanted) {
    wanted.push_back(want("h", {2}));
    return reader.check(wanted, [](const std::string &name) { return name == "ids"; }).message();
  };
  EXPECT_EQ(reason({want("w", {4, 6})}), "");
  EXPECT_EQ(reason({rowsOfW(4, 2), rowsOfW(0, 4)}), "");
  EXPECT_THAT(reason({}), HasSubstr("tensor 'w'"));
  EXPECT_THAT(reason({rowsOfW(4, 2), rowsOfW(0, 3)}), HasSubstr("in part only"));
  EXPECT_THAT(reason({rowsOfW(3, 3), rowsOfW(0, 4)}), HasSubstr("two parameters"));
  EXPECT_THAT(reason({want("w", {4, 6}), want("w", {4, 6})}), HasSubstr("two parameters"));
  EXPECT_THAT(reason({want("w", {6, 4})}), HasSubstr("gives shape [4, 6]"));
  EXPECT_THAT(reason({want("w", {4, 6}), want("v", {1})}), HasSubstr("has no tensor 'v'"));
  std::vector<WantedTensor> most;
  for (const StoredTensor &tensor : reader.tensors())
    if (tensor.name != "ids")
      most.push_back(want(tensor.name, tensor.shape));
  Status extra = reader.check(most);
  EXPECT_THAT(extra.message(), HasSubstr("'ids'"));
  EXPECT_THAT(extra.hint(), HasSubstr("--unused 'ids'"));
}

TEST(Safetensors, TheHintNamesTheTensorsOfAllLayers) {
  TemporaryFile file;
  auto writer = SafetensorsWriter::create(file.path(), {{"h.11.attn.bias", DType::F32, {1}}}, {});
  ASSERT_TRUE(writer.ok() && writer->commit().ok());
  auto reader = SafetensorsReader::open(file.path());
  ASSERT_TRUE(reader.ok());
  EXPECT_THAT(reader->check({}).hint(), HasSubstr("--unused 'h.*.attn.bias'"));
}

TEST(Safetensors, LargeTensorsAreReadInChunks) {
  // Above a megabyte, with rows that no chunk ends at; bf16, so that chunks hold other counts.
  constexpr int64_t rows = 1031, columns = 601;
  std::vector<uint16_t> stored(rows * columns);
  auto valueAt = [&](int64_t element) { return static_cast<float>(element % 251); };
  for (size_t i = 0; i < stored.size(); ++i)
    stored[i] = floatToBfloat16(valueAt(static_cast<int64_t>(i)));
  TemporaryFile file(fileWith("BF16", {rows, columns}, stored.data(), stored.size() * 2));
  auto reader = SafetensorsReader::open(file.path());
  ASSERT_TRUE(reader.ok());
  Mesh mesh{{{"tp", 2}}};
  for (bool transpose : {false, true})
    for (int dim : {0, 1}) {
      std::vector<int64_t> shape =
          transpose ? std::vector<int64_t>{columns, rows} : std::vector<int64_t>{rows, columns};
      Sharding sharding = Sharding::replicated(shape);
      sharding.dims[dim] = splitDim(shape[dim], 0, mesh);
      CoordinateMap map(sharding, mesh, 1);
      std::vector<float> local = readFloats(*reader, {"x", transpose}, map);
      int64_t wrong = 0;
      for (int64_t i = 0; i < map.localElements(); ++i) {
        int64_t element = map.globalElement(i);
        int64_t in =
            transpose && element >= 0 ? element % rows * columns + element / rows : element;
        wrong += local[i] != (element < 0 ? 0 : valueAt(in));
      }
      EXPECT_EQ(wrong, 0) << transpose << dim;
    }
}

TEST(Safetensors, CutWhileOpen) {
  SampleFile sample;
  SafetensorsReader reader = sample.open();
  std::filesystem::resize_file(sample.file.path(),
                               std::filesystem::file_size(sample.file.path()) - 20);
  float local[24];
  Status status;
  for (const char *name : {"w", "h"})
    if (Status one = reader.read({name}, wholeMap(reader.find(name)->shape), DType::F32, local);
        !one.ok())
      status = one;
  EXPECT_EQ(status.code(), Code::InvalidInput);
  EXPECT_THAT(status.message(), HasSubstr("bytes when it was opened"));
}

TEST(Safetensors, RanksWriteOneLogicalFile) {
  TemporaryFile file(".safetensors");
  Mesh mesh{{{"dp", 2}, {"tp", 3}}};
  Sharding sharding = Sharding::replicated({5, 7});
  sharding.dims[1] = splitDim(7, 1, mesh); // 7 columns padded to 9
  std::vector<SavedTensor> tensors = {{"w", DType::F32, {5, 7}}};
  {
    auto writer = SafetensorsWriter::create(file.path(), tensors, {});
    ASSERT_TRUE(writer.ok());
    int writers = 0;
    for (int64_t rank = 0; rank < 6; ++rank) {
      if (!writesSlice(sharding, mesh, rank))
        continue;
      CoordinateMap map(sharding, mesh, rank);
      std::vector<float> local(map.localElements(), -1);
      for (int64_t i = 0; i < map.localElements(); ++i)
        if (int64_t element = map.globalElement(i); element >= 0)
          local[i] = static_cast<float>(element);
      ++writers;
      ASSERT_TRUE(writer->write(0, map, local.data()).ok());
    }
    EXPECT_EQ(writers, 3);
    EXPECT_FALSE(std::filesystem::exists(file.path()));
    ASSERT_TRUE(writer->commit().ok());
  }
  auto reader = SafetensorsReader::open(file.path());
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  std::vector<float> expected(35);
  std::iota(expected.begin(), expected.end(), 0.0f);
  EXPECT_EQ(readFloats(*reader, {"w"}, wholeMap({5, 7})), expected);
  EXPECT_FALSE(std::filesystem::exists(file.path() + ".partial"));
}

TEST(Safetensors, UnfinishedFileLeavesTheOldOne) {
  SampleFile sample;
  {
    auto writer = SafetensorsWriter::create(sample.file.path(), {{"other", DType::F32, {1}}}, {});
    ASSERT_TRUE(writer.ok());
    EXPECT_TRUE(std::filesystem::exists(sample.file.path() + ".partial"));
  }
  EXPECT_FALSE(std::filesystem::exists(sample.file.path() + ".partial"));
  EXPECT_NE(sample.open().find("w"), nullptr);
  EXPECT_FALSE(SafetensorsWriter::create("/no/such/folder/x", {}, {}).ok());
  EXPECT_FALSE(SafetensorsWriter::create(sample.file.path(),
                                         {{"a", DType::F32, {1}}, {"a", DType::F32, {1}}}, {})
                   .ok());
}

std::string refusal(const std::string &path, std::vector<int64_t> shape = {1}) {
  return SafetensorsWriter::create(path, {{"a", DType::F32, std::move(shape)}}, {})
      .status()
      .message();
}

TEST(Safetensors, RefusesTargetsThatItCannotReplace) {
  test::TemporaryFolder folder;
  EXPECT_THAT(refusal(folder.path()), HasSubstr("not a regular file"));
  EXPECT_THAT(refusal("/dev/null"), HasSubstr("not a regular file"));
  EXPECT_THAT(refusal("/proc/nothing"), HasSubstr("cannot write"));
  TemporaryFile target;
  auto first = SafetensorsWriter::create(target.path(), {{"a", DType::F32, {1}}}, {});
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(refusal(target.path()), HasSubstr("another process is saving"));
  ASSERT_TRUE(first->commit().ok());
  EXPECT_EQ(refusal(target.path()), "");
}

TEST(Safetensors, ALinkStaysALink) {
  SampleFile sample;
  TemporaryFile link;
  std::filesystem::create_symlink(sample.file.path(), link.path());
  auto writer = SafetensorsWriter::create(link.path(), {{"other", DType::F32, {1}}}, {});
  ASSERT_TRUE(writer.ok() && writer->commit().ok());
  EXPECT_TRUE(std::filesystem::is_symlink(link.path()));
  EXPECT_NE(sample.open().find("other"), nullptr);
}

TEST(Safetensors, TakesOverWhatAKilledRunLeft) {
  TemporaryFile target;
  std::ofstream(target.path() + ".partial") << "left over";
  auto writer = SafetensorsWriter::create(target.path(), {{"a", DType::F32, {1}}}, {});
  ASSERT_TRUE(writer.ok()) << writer.status().message();
  ASSERT_TRUE(writer->commit().ok());
  EXPECT_TRUE(SafetensorsReader::open(target.path()).ok());
}

/// A full disk, as a limit on the size of files: reserving fails, and nothing is left.
TEST(Safetensors, AFullDiskIsAnErrorBeforeWriting) {
  SampleFile sample;
  rlimit old, small{1 << 16, 0};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  small.rlim_max = old.rlim_max;
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string message = refusal(sample.file.path(), {1 << 20});
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(message, HasSubstr("File too large"));
  EXPECT_FALSE(std::filesystem::exists(sample.file.path() + ".partial"));
  EXPECT_NE(sample.open().find("w"), nullptr);
}

} // namespace
} // namespace tpc
