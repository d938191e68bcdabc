//===- CommandLineTest.cpp - The program tpc, from outside ------------------------------------===//
//
// Runs the real program on plans made by hand: exit statuses, logs, files, refusals.
//
//===---------------------------------------------------------------------------------------===//

#include "tests/unit/cli/CommandLineFixture.h"

#include "runtime/io/SafetensorsReader.h"
#include "runtime/io/SafetensorsWriter.h"

#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace tpc;
using namespace tpc::test;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {

/// A log of steps without what differs from run to run.
std::string withoutTimes(const std::string &log) {
  std::stringstream lines(log);
  std::string line, result;
  while (std::getline(lines, line))
    result += line.substr(0, line.find(", \"seconds\"")) + "\n";
  return result;
}

} // namespace

TEST_F(CommandLine, HelpAndUsage) {
  EXPECT_THAT(tpc("--help").out, HasSubstr("tpc COMMAND --help"));
  EXPECT_EQ(tpc("--help").status, 0);
  EXPECT_THAT(tpc("run --help").out,
              AllOf(HasSubstr("--timeout S"), HasSubstr("(default: 60)"),
                    HasSubstr("--on-nonfinite stop|warn"), HasSubstr("(default: stop)")));
  EXPECT_THAT(tpc("inspect --help").out, HasSubstr("--view"));
  expectRefusal("", 2, "no command");
  expectRefusal("fly", 2, "unknown command 'fly'");
  expectRefusal("run", 2, "no OUT.plan is given");
}

TEST_F(CommandLine, WhatCannotBeSaidIsAnError) {
  std::string plan = write(rowSplitLinear(1));
  auto run = [&](const std::string &words) {
    return WEXITSTATUS(std::system((TPC_BINARY " " + words + " 2>" + path("err")).c_str()));
  };
  for (const char *words : {"--help", "run --help", "inspect --help"})
    for (const char *where : {" >/dev/full", " >&-"}) {
      EXPECT_EQ(run(std::string(words) + where), 1) << words << where;
      EXPECT_THAT(contents(path("err")),
                  AllOf(HasSubstr("cannot write to standard output"), HasSubstr("hint: ")));
    }
  EXPECT_EQ(run("run " + plan + " --log-json - >&-"), 1);
  EXPECT_THAT(contents(path("err")),
              AllOf(HasSubstr("standard output is closed"), Not(HasSubstr("step      1"))));
  // Without a log nothing is said there.
  EXPECT_EQ(run("run " + plan + " >&-"), 0);
}

TEST_F(CommandLine, RefusesWhatIsNoPlan) {
  expectRefusal("run " + path("nothing.plan"), 1, "cannot open");
  std::ofstream(path("text.plan")) << "this is a text and not a plan at all";
  expectRefusal("run " + path("text.plan"), 1, "not a plan file");
  expectRefusal("inspect " + path("text.plan"), 1, "not a plan file");
}

TEST_F(CommandLine, RunsAndLogs) {
  for (int64_t ranks : {1, 2, 4}) {
    std::string plan = write(rowSplitLinear(ranks));
    Outcome outcome = tpc("run " + plan + " --steps 3 --log-json -");
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.out,
                testing::MatchesRegex("(\\{\"step\": [1-3], \"loss\": [-0-9.e]+, \"seconds\": "
                                      "[-0-9.e]+\\}\n)+"));
    EXPECT_THAT(outcome.err,
                AllOf(HasSubstr("step      3  loss "), HasSubstr("\nmemory   predicted "),
                      HasSubstr("\noutside  "), Not(HasSubstr("\r"))));
    Outcome checked = tpc("run " + plan +
                          " --steps 3 --check-memory --threads-per-rank 2 "
                          "--deterministic --comm local --log-json " +
                          path("log.json"));
    ASSERT_EQ(checked.status, 0) << checked.err;
    EXPECT_EQ(checked.out, "");
    EXPECT_EQ(withoutTimes(contents(path("log.json"))), withoutTimes(outcome.out));
  }
}

TEST_F(CommandLine, OptionsWithoutEffectAreErrors) {
  std::string plan = "run " + write(rowSplitLinear(2));
  expectRefusal(plan + " --entry loss", 2, "no entry 'loss'");
  expectRefusal(plan + " --set lr=1", 2, "'lr', which is no scalar");
  expectRefusal(plan + " --data " + path("x"), 2, "--data has no effect");
  expectRefusal(plan + " --input z=" + path("x"), 2, "'z', which is no input");
  expectRefusal(plan + " --output z=" + path("x"), 2, "'z', which is no output");
  expectRefusal(plan + " --seed 3", 2, "--seed has no effect");
  for (const char *wrong : {"nan", "inf", "-inf", "1e999", "x"})
    expectRefusal(plan + " --set lr=" + wrong, 2, "is not a finite number for 'lr'");
  expectRefusal(plan + " --init torch", 2, "--init has no effect");
  for (const char *option :
       {"--weights", "--data", "--save", "--resume", "--log-json", "--profile"})
    expectRefusal(plan + " " + option + " ''", 2,
                  "option '" + std::string(option) + "' names no file");
  expectRefusal(plan + " --output y=", 2, "option '--output' names no file");
  expectRefusal(plan + " --input x=", 2, "option '--input' names no file");
  expectRefusal(plan + " --speps 3", 2, "did you mean '--steps'");
  expectRefusal(plan + " --steps 0", 2, "whole number");
  expectRefusal(plan + " --resume a --weights b", 2, "both give the parameters");
  expectRefusal(plan + " --resume a --seed 1", 2, "--seed has no effect with --resume");
  expectRefusal(plan + " --comm nccl", 2, "--comm nccl connects GPUs");
  expectRefusal("inspect " + path("test.plan") + " --format pdf", 2,
                "'pdf' is none of text, json, html");
  PlanBuilder cuda = rowSplitLinear(1);
  cuda.plan.target = "cuda";
  std::string onGpu = "run " + write(std::move(cuda), "cuda.plan");
  expectRefusal(onGpu + " --threads-per-rank 2", 2, "--threads-per-rank has no effect");
  expectRefusal(onGpu + " --comm tcp", 2, "--comm tcp connects ranks on CPUs");
}

TEST_F(CommandLine, SoManyRanksDoNotShareAGpu) {
  PlanBuilder many(Mesh{{{"tp", 65}}});
  many.buffer("x", many.arena(plan::ArenaKind::activations), DType::F32, Sharding::replicated({1}));
  many.entry("forward");
  many.plan.target = "cuda";
  expectRefusal("run " + write(std::move(many)) + " --entry forward --comm local", 2,
                "all ranks would share one GPU, which takes at most 64 of an axis, and tp has 65");
}

TEST_F(CommandLine, APlanForCudaNeedsADriver) {
  if (dlopen("libcuda.so.1", RTLD_LAZY))
    GTEST_SKIP() << "this machine has a driver";
  PlanBuilder cuda = rowSplitLinear(1);
  cuda.plan.target = "cuda";
  expectRefusal("run " + write(std::move(cuda), "cuda.plan"), 5, "a plan for cuda needs lib");
}

TEST_F(CommandLine, ModelsNeedTheCompiler) {
  if (access((std::filesystem::path(TPC_BINARY).parent_path() / "tpc-compile").c_str(), X_OK) == 0)
    GTEST_SKIP() << "tpc-compile is built beside tpc";
  for (const char *command : {"compile a.mlir", "import a", "verify a.plan", "inspect a.mlir"})
    expectRefusal(command, 5, "needs tpc-compile beside tpc");
}

TEST_F(CommandLine, FeedsTokensScalarsAndOutputs) {
  // 10, 11, ... 15 as uint16: the last window reads beyond the end for the labels.
  std::ofstream data(path("data.bin"), std::ios::binary);
  for (uint16_t token = 10; token < 16; ++token)
    data.write(reinterpret_cast<const char *>(&token), 2);
  data.close();
  for (int64_t ranks : {1, 2}) {
    std::string plan = "run " + write(echo(ranks));
    expectRefusal(plan, 2, "input 'tokens' of entry 'train' is not given");
    std::string words = plan + " --data " + path("data.bin") +
                        " --set lr=0.25 --seed 7 --output "
                        "tokens=" +
                        path("t") + " --output labels=" + path("l") +
                        " --output seed=" + path("s") +
                        " --output w=" + path("w" + std::to_string(ranks));
    Outcome outcome = tpc(words + " --log-json -");
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.out,
                HasSubstr("{\"step\": 1, \"loss\": 0.25, \"tokens\": 6, \"seconds\": "));
    EXPECT_THAT(integers(path("t"), "tokens"), testing::ElementsAre(10, 11, 12, 13, 14, 15));
    EXPECT_THAT(integers(path("l"), "labels"), testing::ElementsAre(11, 12, 13, 14, 15, -100));
    EXPECT_THAT(integers(path("s"), "seed"), testing::ElementsAre(7));
    expectRefusal(words + " --input tokens=" + path("t"), 2, "both give 'tokens'");
    // An input from a file instead: what was tokens becomes labels.
    Outcome swapped = tpc(plan + " --input tokens=" + path("l") + " --input labels=" + path("t") +
                          " --output labels=" + path("back"));
    ASSERT_EQ(swapped.status, 0) << swapped.err;
    EXPECT_EQ(integers(path("back"), "labels"), integers(path("t"), "tokens"));
  }
  // Drawn parameters do not depend on the mesh.
  EXPECT_EQ(contents(path("w1")), contents(path("w2")));
}

TEST_F(CommandLine, ScalarsFitIntoTheirType) {
  std::string run = "run " + write(echo(1)) + " --data " + write(std::string(24, 'a'), "data.bin");
  expectRefusal(run + " --set lr=1e39", 2, "--set lr=1e+39 is not finite in f32");
  expectRefusal(run + " --set lr=-1e39", 2, "--set lr=-1e+39 is not finite in f32");
  expectRefusal(run + " --set lr=1e-50", 2, "--set lr=1e-50 is 0 in f32");
  for (const char *fits : {"0", "3e38", "1e-40"})
    EXPECT_EQ(tpc(run + " --set lr=" + fits).status, 0) << fits;
}

TEST_F(CommandLine, ScalarsHaveAValueForEachStep) {
  std::string run = "run " + write(echo(2)) + " --data " + write(std::string(24, 'a'), "data.bin");
  auto losses = [&](const std::string &words) {
    Outcome outcome = tpc(run + " --log-json - " + words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    std::vector<std::string> values;
    for (size_t at = 0; (at = outcome.out.find("\"loss\": ", at)) != std::string::npos; ++at)
      values.push_back(outcome.out.substr(at + 8, outcome.out.find(',', at) - at - 8));
    return std::pair(values, outcome.err);
  };
  std::string file = write("0.5\n2.5e-1\r\n-3\n", "lr.txt");
  std::string set = "--set lr=@" + file;
  auto [values, notes] = losses(set + " --steps 3 --save " + path("three.safetensors"));
  ASSERT_EQ(tpc(run + " --steps 3 " + set + " --log-json " + path("log.json")).status, 0);
  EXPECT_THAT(values, testing::ElementsAre("0.5", "0.25", "-3"));
  EXPECT_THAT(notes, Not(HasSubstr("stays")));
  EXPECT_THAT(contents(path("log.json")),
              HasSubstr("{\"step\": 2, \"loss\": 0.25, \"lr\": 0.25, \"tokens\": 6, "));
  std::tie(values, notes) = losses(set + " --steps 5");
  EXPECT_THAT(values, testing::ElementsAre("0.5", "0.25", "-3", "-3", "-3"));
  EXPECT_THAT(notes, HasSubstr("lr stays what it is after step 3, the last line of '" + file));
  // A run that goes on is at the steps of the one before, without the end of a line, too.
  std::string longer = write("1\n2\n3\n4\n5", "longer.txt");
  std::tie(values, notes) =
      losses("--set lr=@" + longer + " --steps 2 --resume " + path("three.safetensors"));
  EXPECT_THAT(values, testing::ElementsAre("4", "5"));

  expectRefusal(run + " --set lr=@", 2, "option '--set' names no file");
  expectRefusal(run + " --set lr=@" + path("none"), 1, "cannot open '" + path("none") + "'");
  expectRefusal(run + " --set lr=@" + path(""), 1, "is not a regular file");
  expectRefusal(run + " --set lr=@" + write("", "wrong"), 1, "wrong' is empty");
  for (const char *wrong : {"1\nfast\n", "1\n\n2\n", "1\nnan\n", "1\n1 2\n"})
    expectRefusal(run + " --set lr=@" + write(wrong, "wrong"), 1,
                  "wrong' line 2: '" + std::string(wrong + 2, std::strchr(wrong + 2, '\n')) +
                      "' is not a finite number");
  expectRefusal(run + " --set lr=@" + write("1\n1e39\n", "wrong"), 1,
                "wrong' line 2: 1e+39 is not finite in f32");
}

TEST_F(CommandLine, IdsAreOfTheVocabulary) {
  auto model = [](std::vector<int32_t> tokens) {
    PlanBuilder b = echo(2);
    for (auto &input : b.plan.entries[0]->inputs)
      input->feed->vocabulary = 100;
    b.plan.entries[0]->inputs[0]->default_i32 = std::move(tokens);
    plan::FeedT &labels = *b.plan.entries[0]->inputs[1]->feed;
    labels.ignores = true;
    labels.ignored = -100;
    return b;
  };
  auto file = [&](const std::string &name, std::vector<int32_t> ids) {
    auto writer = SafetensorsWriter::create(path(name), {{"ids", DType::I32, {2, 3}}}, {});
    CoordinateMap whole(Sharding::replicated({2, 3}), Mesh{{{"tp", 1}}}, 0);
    EXPECT_TRUE(writer.ok() && writer->write(0, whole, ids.data()).ok() && writer->commit().ok());
    return " --input " + name + "=" + path(name);
  };
  std::string run = "run " + write(model({0, 1, 2, 3, 4, 99}));
  std::string labels = file("labels", {0, 99, -100, -100, 1, 2});
  EXPECT_EQ(tpc(run + labels).status, 0) << contents(path("err"));
  expectRefusal(run + labels + file("tokens", {0, 0, 0, 0, 100, 0}), 1,
                "input 'tokens' is 100 at [1, 1], and the model takes 0 to 99\n");
  expectRefusal(run + file("labels", {0, 0, -1, 0, 0, 0}), 1,
                "input 'labels' is -1 at [0, 2], and the model takes 0 to 99 and -100");
  labels = file("labels", {0, 0, 0, 0, 0, 0});
  expectRefusal("run " + write(model({0, 0, 0, -5, 0, 0})) + labels, 1,
                "input 'tokens' is -5 at [1, 0]");
}

TEST_F(CommandLine, AFileWithoutTensorsGivesNoInput) {
  auto writer = SafetensorsWriter::create(path("empty"), {}, {});
  ASSERT_TRUE(writer.ok() && writer->commit().ok());
  expectRefusal("run " + write(rowSplitLinear(1)) + " --input x=" + path("empty"), 1,
                "/empty' has no tensor\n");
}

TEST_F(CommandLine, WeightsAreSlicedAndThenTransposed) {
  // The file holds [in 3, out 6]; the parameter is [out 2, in 3], its columns 2 and 3.
  PlanBuilder b(Mesh{{{"tp", 2}}});
  Sharding sharding{{splitDim(2, 0, b.mesh), wholeDim(3)}, {}};
  uint32_t w = b.buffer("w", b.arena(plan::ArenaKind::parameters), DType::F32, sharding);
  uint32_t out = b.buffer("out", b.arena(plan::ArenaKind::activations), DType::F32, sharding);
  b.parameter("q.weight", w, plan::InitKind::zeros);
  auto source = std::make_unique<plan::SourceT>();
  source->name = "c_attn";
  source->transpose = true;
  source->slice_dim = 1;
  source->slice_start = source->slice_size = 2;
  b.plan.parameters[0]->source = std::move(source);
  // The rest of the file is the other parameters'.
  for (int64_t start : {0, 4}) {
    uint32_t other = b.buffer("other", 0, DType::F32, sharding);
    std::string name = "other" + std::to_string(start);
    b.parameter(name, other, plan::InitKind::zeros);
    auto rest = std::make_unique<plan::SourceT>(*b.plan.parameters[0]->source);
    rest->slice_start = start;
    b.plan.parameters.back()->source = std::move(rest);
  }
  plan::EntryT &entry = b.entry("forward");
  b.copy("copy", reads(w, 1), writes(out, 2));
  entry.outputs.push_back(std::make_unique<plan::OutputT>());
  entry.outputs[0]->name = "w";
  entry.outputs[0]->buffer = out;
  entry.outputs[0]->value = 2;
  std::string plan = "run " + write(std::move(b));

  std::vector<float> stored(18);
  for (size_t i = 0; i < stored.size(); ++i)
    stored[i] = static_cast<float>(10 * (i / 6) + i % 6);
  auto writeFile = [&](const std::string &name) {
    Result<SafetensorsWriter> writer =
        SafetensorsWriter::create(path("weights"), {{name, DType::F32, {3, 6}}}, {});
    ASSERT_TRUE(writer.ok());
    CoordinateMap whole(Sharding::replicated({3, 6}), Mesh{{{"tp", 1}}}, 0);
    ASSERT_TRUE(writer->write(0, whole, stored.data()).ok());
    ASSERT_TRUE(writer->commit().ok());
  };
  writeFile("c_attn");
  Outcome outcome = tpc(plan + " --weights " + path("weights") + " --output w=" + path("w"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  Result<SafetensorsReader> reader = SafetensorsReader::open(path("w"));
  ASSERT_TRUE(reader.ok());
  std::vector<float> values(6);
  CoordinateMap whole(Sharding::replicated({2, 3}), Mesh{{{"tp", 1}}}, 0);
  ASSERT_TRUE(reader->read({.name = "w"}, whole, DType::F32, values.data()).ok());
  EXPECT_THAT(values, testing::ElementsAre(2, 12, 22, 3, 13, 23));
  expectRefusal(plan + " --weights " + path("weights") + " --unused x*", 2, "matches no tensor");
  expectRefusal(plan + " --unused x*", 2, "--unused has no effect");
  writeFile("c_proj");
  expectRefusal(plan + " --weights " + path("weights"), 1, "c_proj");
  // Named as unused, it is no longer in the way; what is missing still is.
  expectRefusal(plan + " --weights " + path("weights") + " --unused 'c_p*'", 1, "c_attn");
}

TEST_F(CommandLine, WeightsMayLieInSeveralFiles) {
  std::string run = "run " + write(echo(2)) + " --data " + write(std::string(24, 'a'), "data.bin");
  auto writeFile = [&](const std::string &file, const std::string &name, int64_t size) {
    std::vector<float> values(static_cast<size_t>(size), 3);
    auto writer = SafetensorsWriter::create(path(file), {{name, DType::F32, {size}}}, {});
    CoordinateMap whole(Sharding::replicated({size}), Mesh{{{"tp", 1}}}, 0);
    ASSERT_TRUE(writer.ok() && writer->write(0, whole, values.data()).ok() &&
                writer->commit().ok());
  };
  writeFile("1.safetensors", "w", 5);
  writeFile("2.safetensors", "x", 2);
  std::string index = write(R"({"weight_map": {"w": "1.safetensors", "x": "2.safetensors"}})",
                            "model.safetensors.index.json");
  std::string weights = run + " --weights " + index;
  expectRefusal(weights, 1, "tensor 'x' of '" + path("2.safetensors") + "' belongs to no");
  Outcome outcome = tpc(weights + " --unused x --output w=" + path("several"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  ASSERT_EQ(tpc(run + " --weights " + path("1.safetensors") + " --output w=" + path("one")).status,
            0);
  EXPECT_EQ(contents(path("several")), contents(path("one")));
  for (const char *file : {"2.safetensors", "model.safetensors.index.json"})
    expectRefusal(weights + " --unused x --save " + path(file), 2,
                  "which is the file of --weights");
  std::filesystem::remove(path("2.safetensors"));
  expectRefusal(weights + " --unused x", 1, "names '2.safetensors', which does not lie beside it");
  expectRefusal(run + " --weights " + write("{}", "config.json"), 1, "has no 'weight_map'");
}

TEST_F(CommandLine, AFailingRankIsStatusThree) {
  std::string plan = write(rowSplitLinear(4));
  Outcome outcome =
      tpc("run " + plan + " --steps 3", "TPC_INJECT_FAULT=rank=2,step=2,instruction=1");
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("rank 2 failed in step 2 at instruction 1 'fc: "
                                           "all_reduce' (by-hand.mlir:1), all_reduce number 0 on "
                                           "axis 'tp'"),
                                 HasSubstr("step      1  loss"), Not(HasSubstr("step      2"))));
  outcome = tpc("run " + plan + " --steps 3 --timeout 1",
                "TPC_INJECT_FAULT=rank=1,step=1,instruction=0,kind=stall");
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.err, HasSubstr("rank 1 was in step 1 at instruction 0"));
  EXPECT_EQ(tpc("run " + plan, "TPC_INJECT_FAULT=rank=9").status, 2);
}

TEST_F(CommandLine, WritesAProfile) {
  ASSERT_EQ(tpc("run " + write(rowSplitLinear(2)) + " --profile " + path("trace.json")).status, 0);
  EXPECT_THAT(contents(path("trace.json")), HasSubstr("\"fc: all_reduce\""));
}
