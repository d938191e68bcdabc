#include "tests/unit/fake_gpu/PtxSnippet.h"

#include <limits>
#include <random>

namespace tpc::fake_gpu {

std::string kernelText(const std::string &declarations, const std::string &body,
                       unsigned parameters) {
  std::string text = ".version 8.0\n.target sm_90\n.address_size 64\n.visible .entry k(";
  for (unsigned i = 0; i < parameters; ++i)
    text += (i ? ", .param .u64 p" : ".param .u64 p") + std::to_string(i);
  return text + ") {\n" + declarations + "\n" + body + "\nret;\n}\n";
}

PtxModule parseOrFail(const std::string &text) {
  Result<PtxModule> module = PtxModule::parse(text);
  if (!module.ok()) {
    ADD_FAILURE() << module.status().message() << "\n" << text;
    return std::move(*PtxModule::parse(""));
  }
  return std::move(*module);
}

std::string parseError(const std::string &text) {
  Result<PtxModule> module = PtxModule::parse(text);
  return module.ok() ? "" : module.status().message();
}

std::vector<uint64_t> runSnippet(const std::string &body, char result,
                                 const std::vector<Operands> &inputs) {
  std::string prologue, epilogue;
  for (unsigned i = 1; i <= 3; ++i) {
    std::string n = std::to_string(i), offset = std::to_string(8 * (i - 1));
    prologue += "ld.global.b64 %x" + n + ", [%in+" + offset + "];\n";
    prologue += "cvt.u32.u64 %r" + n + ", %x" + n + ";\ncvt.u16.u64 %h" + n + ", %x" + n + ";\n";
    prologue += "setp.ne.b64 %p" + n + ", %x" + n + ", 0;\n";
  }
  switch (result) {
  case 'p':
    epilogue = "selp.b64 %x0, 1, 0, %p0;\n";
    break;
  case 'r':
    epilogue = "cvt.u64.u32 %x0, %r0;\n";
    break;
  case 'h':
    epilogue = "cvt.u64.u16 %x0, %h0;\n";
    break;
  default:
    break;
  }
  std::string text = kernelText(
      ".reg .pred %p<10>; .reg .b16 %h<10>; .reg .b32 %r<10>; .reg .b64 %x<10>; .reg .b64 %in, "
      "%out;"
      ".reg .b32 %t, %b, %n; .reg .b64 %i;",
      "mov.u32 %t, %tid.x; mov.u32 %b, %ctaid.x; mad.lo.s32 %t, %b, 64, %t;\n"
      "ld.param.u64 %i, [p2]; cvt.u32.u64 %n, %i; setp.ge.u32 %p9, %t, %n; @%p9 bra END;\n"
      "ld.param.u64 %in, [p0]; ld.param.u64 %out, [p1];\n"
      "mul.wide.u32 %i, %t, 24; add.s64 %in, %in, %i; mul.wide.u32 %i, %t, 8; add.s64 %out, %out, "
      "%i;\n" +
          prologue + body + "\n" + epilogue + "st.global.b64 [%out], %x0;\nEND:\n",
      3);
  PtxModule module = parseOrFail(text);
  std::vector<uint64_t> results(inputs.size());
  if (!module.find("k"))
    return results;
  MemoryMap memory;
  memory.add(inputs.data(), inputs.size() * sizeof(Operands), "inputs", false);
  memory.add(results.data(), results.size() * 8, "results");
  LaunchShape shape;
  shape.grid[0] = static_cast<uint32_t>((inputs.size() + 63) / 64);
  shape.block[0] = 64;
  auto statistics =
      module.launch("k", shape, memory, inputs.data(), results.data(), uint64_t{inputs.size()});
  EXPECT_TRUE(statistics.ok()) << statistics.status().message();
  return results;
}

void expectAll(const std::string &body, char result, const std::vector<Operands> &inputs,
               const std::function<uint64_t(const Operands &)> &expected) {
  std::vector<uint64_t> actual = runSnippet(body, result, inputs);
  for (size_t i = 0; i < inputs.size(); ++i)
    ASSERT_EQ(actual[i], expected(inputs[i])) << body << " of " << std::hex << inputs[i][0] << ", "
                                              << inputs[i][1] << ", " << inputs[i][2];
}

const std::string snippetRegisters =
    ".reg .pred %p<8>; .reg .b16 %h<8>; .reg .b32 %r<40>; .reg .f32 %f<16>; .reg .b64 %x<16>;";
const std::string ownWord = "mov.u32 %r1, %tid.x; ld.param.u64 %x1, [p0]; mul.wide.u32 %x2, %r1, 4;"
                            "add.s64 %x1, %x1, %x2;\n";
const std::string sharedBuffer = ".shared .align 16 .b8 buffer[1024];";

BlockOutcome runBlock(const std::string &body, uint32_t threads, const std::string &declarations) {
  PtxModule module = parseOrFail(kernelText(snippetRegisters + declarations,
                                            ownWord + body + "\nst.global.b32 [%x1], %r0;", 1));
  BlockOutcome outcome{std::vector<uint32_t>(threads), {}};
  MemoryMap memory;
  memory.add(outcome.words.data(), threads * 4, "words");
  LaunchShape shape;
  shape.block[0] = threads;
  auto statistics = module.launch("k", shape, memory, outcome.words.data());
  if (!statistics.ok())
    outcome.error = statistics.status().message();
  return outcome;
}

void expectError(const BlockOutcome &outcome, const std::string &part) {
  EXPECT_NE(outcome.error.find(part), std::string::npos) << "'" << outcome.error << "'";
}

std::vector<float> interestingFloats() {
  std::vector<float> values;
  for (float x : {0.0f,
                  1.0f,
                  1.5f,
                  2.5f,
                  3.0f,
                  0.5f,
                  1e-40f,
                  1.17549435e-38f,
                  3.4028235e38f,
                  7.1e9f,
                  2147483648.0f,
                  4294967296.0f,
                  9.3e18f,
                  127.5f,
                  255.0f,
                  32768.0f,
                  65520.0f,
                  1e-5f,
                  std::bit_cast<float>(0x3f808000u),
                  std::bit_cast<float>(0x3f818000u),
                  std::bit_cast<float>(0x7f7f8000u),
                  0.1f,
                  3.14159274f,
                  HUGE_VALF,
                  std::numeric_limits<float>::quiet_NaN(),
                  1e-45f,
                  8388607.5f,
                  16777217.0f})
    values.insert(values.end(), {x, -x});
  std::mt19937 random(7);
  for (int i = 0; i < 40; ++i)
    values.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
  return values;
}

std::vector<double> interestingDoubles() {
  std::vector<double> values;
  for (float x : interestingFloats())
    values.push_back(x);
  for (double x : {1e300, 5e-324, 2.2250738585072014e-308, 0.1, 1 / 3.0, 1e-46, 9007199254740993.0,
                   3.4028235677973366e38, 1.00390625000001, 65519.99, 9.3e18, 1.9e19})
    values.insert(values.end(), {x, -x});
  return values;
}

std::vector<uint64_t> interestingIntegers() {
  std::vector<uint64_t> values;
  for (uint64_t x : {0ull,
                     1ull,
                     2ull,
                     3ull,
                     7ull,
                     31ull,
                     32ull,
                     33ull,
                     63ull,
                     64ull,
                     127ull,
                     128ull,
                     255ull,
                     0x7fffull,
                     0x8000ull,
                     0xffffull,
                     0x10000ull,
                     0x7fffffffull,
                     0x80000000ull,
                     0xffffffffull,
                     0x100000000ull,
                     0x123456789abcdefull,
                     0x7fffffffffffffffull,
                     0x8000000000000000ull})
    values.insert(values.end(), {x, 0 - x});
  return values;
}

} // namespace tpc::fake_gpu
