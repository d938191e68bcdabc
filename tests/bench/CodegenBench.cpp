//===- CodegenBench.cpp - Speeds of generated kernels on one thread ------------------------===//
#include "tests/unit/codegen/KernelHarness.h"

#include <cstdio>
#include <cstring>
#include <ctime>

using namespace tpc::codegen;

namespace {

/// Seconds of this thread, so that other load on the machine counts less.
double now() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Runs the first function of a kernel on fresh memory and prints its best time.
void measure(const char *name, const std::string &text, int64_t elements, int64_t bytes) {
  KernelHarness harness(text);
  double start = now();
  if (!harness.compiles()) {
    std::printf("%-22s %s", name, harness.diagnostics.c_str());
    return;
  }
  double compile = now() - start;
  mlir::Type byte = mlir::IntegerType::get(harness.kernel().getContext(), 8);
  std::vector<Memory> memory;
  std::vector<void *> pointers;
  const GeneratedFunction &function = harness.image().kernels.front().functions.front();
  for (size_t i = 0; i < function.operands.size(); ++i) {
    memory.emplace_back(byte, elements * 4 + 64);
    std::memset(memory.back().data(), 0, memory.back().size());
    pointers.push_back(memory.back().data());
  }
  tpc::KernelFunction call = harness.code().function(function.name);
  double best = 1e9;
  for (int i = 0; i < 20; ++i) {
    start = now();
    call(pointers.data(), nullptr, 0, function.tiles);
    best = std::min(best, now() - start);
  }
  std::printf("%-22s %8.2f us %7.2f G elements/s %7.1f GB/s   compiled in %.0f ms\n", name,
              best * 1e6, elements / best * 1e-9, bytes / best * 1e-9, compile * 1e3);
}

std::string entry(const std::string &declarations, const std::string &reads,
                  const std::string &kernel) {
  return declarations + "nn.entry @e outputs [] {\n" + reads + kernel + "\nnn.return\n}\n";
}

} // namespace

int main() {
  std::string input = "nn.input @x : tensor<256x3072xf32> dims [\"\", \"\"]\n";
  std::string read = "%x = nn.read @x : tensor<256x3072xf32>\n";
  int64_t n = 256 * 3072;
  for (const char *op : {"nn.gelu %a", "nn.gelu %a {tanh}", "nn.silu %a", "nn.tanh %a"})
    measure(op,
            entry(input, read,
                  std::string("%y = nn.kernel \"k\" (%a = %x : tensor<256x3072xf32>) -> "
                              "(tensor<256x3072xf32>) {\n%y = ") +
                      op +
                      " : (tensor<256x3072xf32>) -> tensor<256x3072xf32>\n"
                      "nn.yield %y : tensor<256x3072xf32>\n}"),
            n, 8 * n);
  measure("layer_norm",
          entry("nn.input @x : tensor<1024x768xf32> dims [\"\", \"\"]\n"
                "nn.input @w : tensor<768xf32> dims [\"\"]\n",
                "%x = nn.read @x : tensor<1024x768xf32>\n%w = nn.read @w : tensor<768xf32>\n",
                "%y = nn.kernel \"k\" (%a = %x : tensor<1024x768xf32>, %b = %w : tensor<768xf32>) "
                "-> (tensor<1024x768xf32>) {\n"
                "%n, %r = nn.layer_normalize %a {eps = 1.0e-5 : f64} : (tensor<1024x768xf32>) -> "
                "(tensor<1024x768xf32>, tensor<1024xf32>)\n"
                "%y = nn.mul %n, %b : (tensor<1024x768xf32>, tensor<768xf32>) -> "
                "tensor<1024x768xf32>\n"
                "nn.yield %y : tensor<1024x768xf32>\n}"),
          1024 * 768, 8 * 1024 * 768);
  measure("rope",
          entry("nn.input @x : tensor<4x256x12x64xf32> dims [\"\", \"\", \"\", \"\"]\n",
                "%x = nn.read @x : tensor<4x256x12x64xf32>\n",
                "%y = nn.kernel \"k\" (%a = %x : tensor<4x256x12x64xf32>) -> "
                "(tensor<4x256x12x64xf32>) {\n"
                "%y = nn.rope %a : (tensor<4x256x12x64xf32>) -> tensor<4x256x12x64xf32>\n"
                "nn.yield %y : tensor<4x256x12x64xf32>\n}"),
          4 * 256 * 12 * 64, 8 * 4 * 256 * 12 * 64);
  const std::string t = "tensor<4096x768xf32>";
  std::string declarations, reads;
  for (const char *name : {"p", "g", "m", "v"}) {
    declarations += std::string("nn.input @") + name + " : " + t + " dims [\"\", \"\"]\n";
    reads += std::string("%") + name + " = nn.read @" + name + " : " + t + "\n";
  }
  declarations += "nn.input @lr : tensor<f32> dims []\nnn.input @s : tensor<i32> dims []\n";
  reads += "%lr = nn.read @lr : tensor<f32>\n%s = nn.read @s : tensor<i32>\n";
  measure("adam in place",
          entry(declarations, reads,
                "%y:3 = nn.kernel \"k\" (%a = %p : " + t + ", %b = %g : " + t + ", %c = %m : " + t +
                    ", %d = %v : " + t + ", %e = %lr : tensor<f32>, %f = %s : tensor<i32>) -> (" +
                    t + ", " + t + ", " + t +
                    ") attributes {in_place = array<i64: 0, 0, 1, 2, 2, 3>} {\n"
                    "%p2, %m2, %v2 = nn.adam %a, %b, %c, %d, %e, %f {beta1 = 0.9 : f64, beta2 = "
                    "0.999 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64, decoupled = true} "
                    ": (" +
                    t + ", " + t + ", " + t + ", " + t + ", tensor<f32>, tensor<i32>) -> (" + t +
                    ", " + t + ", " + t + ")\nnn.yield %p2, %m2, %v2 : " + t + ", " + t + ", " + t +
                    "\n}"),
          4096 * 768, 28 * 4096 * 768);
  measure("square+sum",
          entry("nn.input @x : " + t + " dims [\"\", \"\"]\n", "%x = nn.read @x : " + t + "\n",
                "%y = nn.kernel \"k\" (%a = %x : " + t +
                    ") -> (tensor<f32>) {\n%q = nn.square %a : (" + t + ") -> " + t +
                    "\n%y = nn.sum %q dims [0, 1] : (" + t +
                    ") -> tensor<f32>\nnn.yield %y : tensor<f32>\n}"),
          4096 * 768, 4 * 4096 * 768);
  measure("cross entropy rows",
          entry("nn.input @x : tensor<64x50257xf32> dims [\"\", \"\"]\n"
                "nn.input @l : tensor<64xi32> dims [\"\"]\n",
                "%x = nn.read @x : tensor<64x50257xf32>\n%l = nn.read @l : tensor<64xi32>\n",
                "%y:2 = nn.kernel \"k\" (%a = %x : tensor<64x50257xf32>, %b = %l : tensor<64xi32>) "
                "-> (tensor<64xf32>, tensor<64xf32>) {\n"
                "%m = nn.ce_row_max %a {classes = 50257 : i64} : (tensor<64x50257xf32>) -> "
                "tensor<64xf32>\n"
                "%s, %t = nn.ce_row_sums %a, %m, %b {classes = 50257 : i64} : "
                "(tensor<64x50257xf32>, tensor<64xf32>, tensor<64xi32>) -> (tensor<64xf32>, "
                "tensor<64xf32>)\nnn.yield %s, %t : tensor<64xf32>, tensor<64xf32>\n}"),
          64 * 50257, 4 * 64 * 50257);
}
