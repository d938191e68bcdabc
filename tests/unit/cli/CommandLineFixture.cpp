//===- CommandLineFixture.cpp - Runs the program tpc in a folder of its own -------------------===//

#include "tests/unit/cli/CommandLineFixture.h"

#include "runtime/io/SafetensorsReader.h"
#include "runtime/plan/PlanWriter.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace tpc;
using namespace tpc::test;
using testing::AllOf;
using testing::HasSubstr;

std::string tpc::test::contents(const std::string &path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string CommandLine::write(PlanBuilder b, const std::string &name) const {
  std::vector<uint8_t> bytes = b.seal();
  EXPECT_TRUE(writeFileAtomically(path(name), bytes).ok());
  return path(name);
}

std::string CommandLine::write(const std::string &bytes, const std::string &name) const {
  std::ofstream(path(name), std::ios::binary) << bytes;
  return path(name);
}

Outcome CommandLine::tpc(const std::string &words, const std::string &prefix) const {
  std::string command = prefix + " " TPC_BINARY " " + words + " >" + path("out") + " 2>" +
                        path("err") + " </dev/null";
  int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(path("out")),
          contents(path("err"))};
}

void CommandLine::expectRefusal(const std::string &words, int status, const std::string &message,
                                const std::string &prefix) const {
  Outcome outcome = tpc(words, prefix);
  EXPECT_EQ(outcome.status, status) << words << "\n" << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("tpc: error: "), HasSubstr(message))) << words;
  EXPECT_EQ(outcome.out, "");
}

PlanBuilder tpc::test::echo(int64_t ranks, const std::string &loss) {
  PlanBuilder b(Mesh{{{"dp", ranks}}});
  uint32_t parameters = b.arena(plan::ArenaKind::parameters);
  uint32_t inputs = b.arena(plan::ArenaKind::inputs);
  uint32_t activations = b.arena(plan::ArenaKind::activations);
  Sharding tokens{{splitDim(2, 0, b.mesh), wholeDim(3)}, {}};
  Sharding scalar = Sharding::replicated({});
  Sharding vector{{splitDim(5, 0, b.mesh)}, {}};
  uint32_t w = b.buffer("w", parameters, DType::F32, vector);
  uint32_t m = b.buffer("w.m", parameters, DType::F32, vector);
  uint32_t in[] = {
      b.buffer("tokens", inputs, DType::I32, tokens),
      b.buffer("labels", inputs, DType::I32, tokens), b.buffer("lr", inputs, DType::F32, scalar),
      b.buffer("step", inputs, DType::I32, scalar), b.buffer("seed", inputs, DType::I32, scalar)};
  b.parameter("w", w, plan::InitKind::normal, 0, 1);
  auto state = std::make_unique<plan::StateT>();
  state->name = "w.m";
  state->slot = "m";
  state->buffer = m;
  b.plan.states.push_back(std::move(state));

  plan::EntryT &entry = b.entry("train");
  for (int i : {0, 1}) {
    auto input = std::make_unique<plan::InputT>();
    input->name = i ? "labels" : "tokens";
    input->buffer = in[i];
    input->feed = std::make_unique<plan::FeedT>();
    input->feed->kind = plan::FeedKind::tokens;
    input->feed->window = input->feed->stride = 3;
    input->feed->shift = i;
    input->feed->tail = -100;
    entry.inputs.push_back(std::move(input));
  }
  auto lr = std::make_unique<plan::ScalarT>();
  lr->name = "lr";
  lr->buffer = in[2];
  lr->value = 0.5;
  entry.scalars.push_back(std::move(lr));
  entry.step_buffer = in[3];
  entry.seed_buffer = in[4];
  uint32_t value = 1;
  auto output = [&](const std::string &name, uint32_t from, const Sharding &sharding, DType dtype) {
    uint32_t buffer = b.buffer("out." + name, activations, dtype, sharding);
    b.copy(name, reads(from, value), writes(buffer, value + 1));
    auto result = std::make_unique<plan::OutputT>();
    result->value = value + 1;
    value += 2;
    result->name = name;
    result->buffer = buffer;
    entry.outputs.push_back(std::move(result));
  };
  output(loss, in[2], scalar, DType::F32);
  output("tokens", in[0], tokens, DType::I32);
  output("labels", in[1], tokens, DType::I32);
  output("step", in[3], scalar, DType::I32);
  output("seed", in[4], scalar, DType::I32);
  output("w", w, vector, DType::F32);
  // The state counts: m = copy of w, so that a checkpoint of it is not all zero.
  b.copy("state", reads(w, value - 2), writes(m, value));
  return b;
}

std::vector<int32_t> tpc::test::integers(const std::string &file, const std::string &name) {
  Result<SafetensorsReader> reader = SafetensorsReader::open(file);
  EXPECT_TRUE(reader.ok()) << reader.status().message();
  std::vector<int64_t> shape = reader->find(name)->shape;
  std::vector<int32_t> values(reader->find(name)->elements());
  CoordinateMap whole(Sharding::replicated(shape), Mesh{{{"tp", 1}}}, 0);
  EXPECT_TRUE(reader->read({.name = name}, whole, DType::I32, values.data()).ok());
  return values;
}
