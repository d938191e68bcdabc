//===- InspectTest.cpp - tpc inspect of plans, from outside -----------------------------------===//

#include "tests/unit/cli/CommandLineFixture.h"

#include "runtime/cli/Document.h"

#include <cstdlib>

using namespace tpc;
using namespace tpc::test;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {

class Inspect : public CommandLine {};

/// Fails unless every element is closed where it was opened and nothing comes from elsewhere.
void expectSound(const std::string &html) {
  std::vector<std::string> open;
  for (size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    size_t end = html.find('>', at);
    ASSERT_NE(end, std::string::npos);
    std::string tag = html.substr(at + 1, end - at - 1);
    std::string name = tag.substr(0, tag.find(' '));
    EXPECT_THAT(tag,
                AllOf(Not(HasSubstr("src=")), Not(HasSubstr("href=\"http")), Not(HasSubstr("<"))));
    EXPECT_NE(name, "script");
    if (name == "!DOCTYPE" || name == "meta")
      continue;
    if (!name.starts_with('/')) {
      open.push_back(name);
      continue;
    }
    ASSERT_FALSE(open.empty()) << name;
    EXPECT_EQ("/" + open.back(), name);
    open.pop_back();
  }
  EXPECT_THAT(open, testing::IsEmpty());
}

} // namespace

TEST_F(Inspect, ShowsEveryView) {
  std::string plan = write(rowSplitLinear(2));
  auto view = [&](const std::string &name) {
    Outcome outcome = tpc("inspect " + plan + " --view " + name);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  };
  EXPECT_THAT(tpc("inspect " + plan).out,
              AllOf(HasSubstr("mesh          tp=2 (2 ranks)"), HasSubstr("outside "),
                    HasSubstr("6: 1 all_reduce, 2 fill, 3 gemm")));
  EXPECT_THAT(view("sharding"), HasSubstr("fc.weight  6x8xf32  [{}, {\"tp\"}]"));
  EXPECT_THAT(view("collectives"),
              AllOf(HasSubstr("f32 x 24"), HasSubstr("row split of fc.weight leaves partial")));
  EXPECT_THAT(view("memory"),
              AllOf(HasSubstr("parameters"), HasSubstr("outside: not in the plan")));
  EXPECT_THAT(view("cost"), AllOf(HasSubstr("update"), HasSubstr("gemm")));
  EXPECT_THAT(view("instructions"), HasSubstr("part >y"));
  for (const char *name :
       {"summary", "sharding", "collectives", "memory", "cost", "instructions"}) {
    Outcome outcome = tpc("inspect " + plan + " --format json --view " + name);
    EXPECT_EQ(outcome.status, 0);
    std::string check = "python3 -c 'import json,sys; json.load(open(sys.argv[1]))' " + path("out");
    EXPECT_EQ(std::system(check.c_str()), 0) << name << outcome.out;
  }
}

TEST_F(Inspect, CostSaysWhatTheModelNeeds) {
  PlanBuilder b = rowSplitLinear(2);
  b.plan.hardware = std::make_unique<plan::HardwareT>();
  b.plan.hardware->name = "gpu-bf16";
  b.plan.hardware->gemm_flops_per_second = 2e12;
  // 3 ms on two ranks of 2 TFLOP/s.
  b.plan.entries[0]->model_flops = 6'000'000'000;
  b.plan.entries[0]->picoseconds = 3'000'000'000;
  std::string words = "inspect " + write(std::move(b));
  EXPECT_THAT(
      tpc(words + " --view cost").out,
      AllOf(HasSubstr("6e+09 on all ranks"), HasSubstr("50.0% of gpu-bf16's 2.0 TFLOP/s a rank")));
  EXPECT_THAT(tpc(words + " --view cost --format json").out,
              AllOf(HasSubstr("\"model_flops\": 6000000000"), HasSubstr("\"utilisation\": 0.5"),
                    HasSubstr("\"hardware\": \"gpu-bf16\"")));
  EXPECT_THAT(tpc(words + " --format html").out, HasSubstr("50.0% of gpu-bf16&#39;s 2.0 TFLOP/s"));
  // What a plan does not know it does not say.
  EXPECT_THAT(tpc("inspect " + write(rowSplitLinear(2)) + " --view cost").out,
              Not(HasSubstr("model flops")));
}

TEST_F(Inspect, PageHasAllViews) {
  Outcome outcome = tpc("inspect " + write(rowSplitLinear(2)) + " --format html");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  expectSound(outcome.out);
  for (const char *name : {"summary", "sharding", "collectives", "memory", "cost", "instructions"})
    EXPECT_THAT(outcome.out, HasSubstr("<section id=\"" + std::string(name) + "\">"));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("[{}, {&quot;tp&quot;}]"),
                                 HasSubstr("row split of fc.weight leaves partial"),
                                 HasSubstr("prefers-color-scheme: dark")));
  expectRefusal("inspect --format html --view cost " + path("test.plan"), 2,
                "--view has no effect with --format html");
}

TEST_F(Inspect, PictureShowsWhatLivesWhen) {
  std::string page = tpc("inspect " + write(rowSplitLinear(2)) + " --format html").out;
  // The weight outlives the step; the partial product ends with its reduction, instruction 1, and
  // the output stays to the end.
  EXPECT_THAT(page, HasSubstr("<title>w, 96 B, instructions 0 to 5</title>"));
  EXPECT_THAT(page, HasSubstr("<title>part, 96 B, instructions 0 to 1</title>"));
  EXPECT_THAT(page, HasSubstr("<title>y, 96 B, instructions 1 to 5</title>"));
  EXPECT_THAT(page, HasSubstr("<span style=\"width:"));
}

TEST_F(Inspect, NamesAreNoMarkup) {
  PlanBuilder b = rowSplitLinear(2);
  const std::string evil = "</title><script>\"a\"&'b'";
  b.plan.model_name = evil;
  b.plan.buffers[kPart]->name = evil;
  b.plan.entries[0]->instructions[0]->name = evil;
  Outcome outcome = tpc("inspect " + write(std::move(b)) + " --format html");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  expectSound(outcome.out);
  EXPECT_THAT(outcome.out, HasSubstr(escapeHtml(evil)));
  EXPECT_EQ(escapeHtml(evil), "&lt;/title&gt;&lt;script&gt;&quot;a&quot;&amp;&#39;b&#39;");
}

/// So that it starts in milliseconds: what a run needs is loaded by the run.
TEST_F(Inspect, NeedsNoLargeLibrary) {
  ASSERT_EQ(std::system(("ldd " TPC_BINARY " > " + path("libraries")).c_str()), 0);
  EXPECT_THAT(contents(path("libraries")),
              AllOf(HasSubstr("libc.so"), Not(HasSubstr("LLVM")), Not(HasSubstr("blas"))));
}
