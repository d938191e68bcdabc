//===- CheckpointManifestTest.cpp - What a checkpoint says of the run ----------------------===//
#include "runtime/io/CheckpointManifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tpc {
namespace {

using testing::HasSubstr;

TEST(CheckpointManifest, IsReadAsItIsWritten) {
  for (Initialiser init : {Initialiser::Philox, Initialiser::Torch}) {
    CheckpointInfo info{"model", 0xFEDCBA9876543210, 7, 0xFFFFFFFF, 1 << 20, init};
    Result<CheckpointInfo> back = checkpointInfo(manifestOf(info));
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(back->model, info.model);
    EXPECT_EQ(back->modelHash, info.modelHash);
    EXPECT_EQ(back->step, info.step);
    EXPECT_EQ(back->seed, info.seed);
    EXPECT_EQ(back->dataPosition, info.dataPosition);
    EXPECT_EQ(back->init, init);
  }
}

TEST(CheckpointManifest, OfOlderVersionsDrewWithPhilox) {
  Metadata old = manifestOf({"model", 1, 2, 3, 4, Initialiser::Torch});
  ASSERT_EQ(old.erase("tpc.init"), 1u);
  Result<CheckpointInfo> info = checkpointInfo(old);
  ASSERT_TRUE(info.ok()) << info.status().message();
  EXPECT_EQ(info->init, Initialiser::Philox);
}

TEST(CheckpointManifest, TellsTheDataWhereThereIsAny) {
  for (std::optional<uint64_t> hash : {std::optional<uint64_t>(), {0}, {0xFEDCBA9876543210}}) {
    Metadata metadata = manifestOf({"model", 1, 2, 3, 4, Initialiser::Philox, hash});
    EXPECT_EQ(metadata.contains("tpc.data_hash"), hash.has_value());
    Result<CheckpointInfo> back = checkpointInfo(metadata);
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(back->dataHash, hash);
  }
  Metadata damaged = manifestOf({"model", 1, 2, 3, 4, Initialiser::Philox, 5});
  damaged["tpc.data_hash"] = "5";
  EXPECT_THAT(checkpointInfo(damaged).status().message(),
              HasSubstr("has '5' as its 'tpc.data_hash'"));
}

TEST(CheckpointManifest, NamesAGeneratorThatThereIs) {
  Metadata damaged = manifestOf({"model", 1, 2, 3, 4});
  damaged["tpc.init"] = "Torch";
  EXPECT_THAT(checkpointInfo(damaged).status().message(),
              HasSubstr("has 'Torch' as its 'tpc.init'"));
}

} // namespace
} // namespace tpc
