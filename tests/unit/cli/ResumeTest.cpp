//===- ResumeTest.cpp - Where a run goes on in its data ---------------------------------------===//
//
// Training goes on at the token where it stopped, whatever the shape of its samples is now; what
// does not train, and training on another file, begins at the first token.
//
//===---------------------------------------------------------------------------------------===//

#include "tests/unit/cli/CommandLineFixture.h"

#include "runtime/io/SafetensorsReader.h"
#include "runtime/io/SafetensorsWriter.h"

using namespace tpc;
using namespace tpc::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

class Resume : public CommandLine {
protected:
  /// 30 tokens: first, first + 1, ...
  std::string data(char first = 'A', const std::string &name = "data.bin") const {
    std::string bytes;
    for (int i = 0; i < 30; ++i)
      bytes += {static_cast<char>(first + i), '\0'};
    return " --data " + write(bytes, name);
  }

  /// The echo plan, whose samples lie so many tokens apart.
  std::string plan(int64_t stride, bool trains = true) const {
    PlanBuilder b = echo(1);
    for (auto &input : b.plan.entries[0]->inputs)
      input->feed->stride = stride;
    if (!trains)
      b.plan.entries[0]->instructions.pop_back(); // what writes the state
    return "run " + write(std::move(b), "stride" + std::to_string(stride) + ".plan");
  }

  /// Goes on from a checkpoint, and saves. The tokens of the last step.
  std::vector<int32_t> tokensOf(const std::string &run, const std::string &from,
                                const std::string &to, int steps = 1) {
    Outcome outcome =
        tpc(run + (from.empty() ? "" : " --resume " + path(from)) + " --steps " +
            std::to_string(steps) + " --save " + path(to) + " --output tokens=" + path("tokens"));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    said_ = outcome.err;
    return integers(path("tokens"), "tokens");
  }

  /// The checkpoint as older versions wrote it: without the data's hash, at this position.
  void makeOld(const std::string &from, const std::string &to, int64_t position) {
    Result<SafetensorsReader> reader = SafetensorsReader::open(path(from));
    ASSERT_TRUE(reader.ok()) << reader.status().message();
    std::map<std::string, std::string> metadata = reader->metadata();
    ASSERT_EQ(metadata.erase("tpc.data_hash"), 1u);
    metadata["tpc.data_position"] = std::to_string(position);
    std::vector<SavedTensor> tensors;
    for (const StoredTensor &tensor : reader->tensors())
      tensors.push_back({tensor.name, DType::F32, tensor.shape});
    auto writer = SafetensorsWriter::create(path(to), tensors, metadata);
    ASSERT_TRUE(writer.ok()) << writer.status().message();
    for (size_t i = 0; i < tensors.size(); ++i) {
      CoordinateMap whole(Sharding::replicated(tensors[i].shape), Mesh{{{"tp", 1}}}, 0);
      std::vector<float> values(static_cast<size_t>(whole.localElements()));
      ASSERT_TRUE(reader->read({.name = tensors[i].name}, whole, DType::F32, values.data()).ok());
      ASSERT_TRUE(writer->write(i, whole, values.data()).ok());
    }
    ASSERT_TRUE(writer->commit().ok());
  }

  static constexpr const char *kOtherFile = "--data is another file than the checkpoint's";
  std::string said_;
};

} // namespace

TEST_F(Resume, AnEvaluationBeginsAtTheFirstToken) {
  tokensOf(plan(3) + data(), "", "a", 2);
  std::string evaluation = plan(3, /*trains=*/false);
  for (const std::string &file : {data(), data('a', "other.bin")}) {
    std::vector<int32_t> tokens = tokensOf(evaluation + file, "a", "b");
    int32_t first = file == data() ? 'A' : 'a';
    EXPECT_THAT(tokens, ElementsAre(first, first + 1, first + 2, first + 3, first + 4, first + 5));
    EXPECT_THAT(said_, Not(HasSubstr(kOtherFile)));
    // Training goes on after it as if there had been none.
    EXPECT_EQ(contents(path("b")), contents(path("a")));
  }
}

TEST_F(Resume, AnotherFileIsReadFromItsFirstToken) {
  std::string run = plan(3), other = run + data('a', "other.bin");
  tokensOf(run + data(), "", "a", 2);
  EXPECT_EQ(tokensOf(run + data('A', "renamed.bin"), "a", "b")[0], 'A' + 12);
  EXPECT_THAT(said_, Not(HasSubstr(kOtherFile)));
  EXPECT_EQ(tokensOf(other, "a", "b")[0], 'a');
  EXPECT_THAT(said_, HasSubstr(kOtherFile));
  // The checkpoint is now of that file.
  EXPECT_EQ(tokensOf(other, "b", "c")[0], 'a' + 6);
  EXPECT_THAT(said_, Not(HasSubstr(kOtherFile)));
}

TEST_F(Resume, OlderCheckpointsGoOnAtTheirPosition) {
  std::string run = plan(3);
  tokensOf(run + data(), "", "a");
  makeOld("a", "old", 12);
  EXPECT_EQ(tokensOf(run + data('a', "other.bin"), "old", "b")[0], 'a' + 12);
  EXPECT_THAT(said_, Not(HasSubstr(kOtherFile)));
  // They counted tokens on in the second round: ten samples of 3, and then four.
  makeOld("a", "old", 42);
  EXPECT_EQ(tokensOf(run + data(), "old", "b")[0], 'A' + 12);
}

TEST_F(Resume, AnotherShapeGoesOnAtTheSameToken) {
  std::string three = plan(3) + data(), five = plan(5) + data();
  tokensOf(three, "", "a", 2);
  EXPECT_THAT(tokensOf(five, "a", "b"), ElementsAre(77, 78, 79, 82, 83, 84));
  EXPECT_THAT(tokensOf(three, "b", "c"), ElementsAre(87, 88, 89, 90, 91, 92));
  // Behind the last whole window it begins again, in one run and in several.
  EXPECT_THAT(tokensOf(five, "b", "c"), ElementsAre(87, 88, 89, 92, 93, 94));
  EXPECT_THAT(tokensOf(five, "c", "d"), ElementsAre(65, 66, 67, 70, 71, 72));
  EXPECT_THAT(tokensOf(five, "a", "e", 3), ElementsAre(65, 66, 67, 70, 71, 72));
  EXPECT_EQ(contents(path("e")), contents(path("d")));
}

TEST_F(Resume, TheSameShapeGoesOnInLaterRounds) {
  std::string run = plan(3) + data();
  tokensOf(run, "", "whole", 12);
  tokensOf(run, "", "part", 4);
  tokensOf(run, "part", "part", 5);
  tokensOf(run, "part", "part", 3);
  EXPECT_EQ(contents(path("part")), contents(path("whole")));
}
