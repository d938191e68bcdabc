//===- CpuDeviceBench.cpp - Speed of products and attention on this CPU --------------------===//
//
// Prints GF/s, and the ratio to a large sgemm measured first, so that numbers of
// different machines can be compared. Usage: cpu_device_bench [THREADS]
//
//===---------------------------------------------------------------------------------------===//
#include "runtime/device/Device.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

using namespace tpc;

namespace {

/// Seconds of the fastest of the runs that fit into half a second.
template <typename Run> double fastest(Run &&run) {
  using Clock = std::chrono::steady_clock;
  auto seconds = [](Clock::duration time) { return std::chrono::duration<double>(time).count(); };
  double best = INFINITY;
  Clock::time_point start = Clock::now();
  run();
  do {
    Clock::time_point begin = Clock::now();
    run();
    best = std::min(best, seconds(Clock::now() - begin));
  } while (seconds(Clock::now() - start) < 0.5);
  return best;
}

class Bench {
public:
  explicit Bench(int threads) {
    Result<std::unique_ptr<Device>> device = createCpuDevice(threads);
    if (!device.ok()) {
      std::fprintf(stderr, "error: %s\n", device.status().message().c_str());
      std::exit(static_cast<int>(device.status().code()));
    }
    device_ = std::move(*device);
  }

  void gemm(const char *name, GemmShape shape) {
    shape.lda = shape.transposeA ? shape.m : shape.k;
    shape.ldb = shape.transposeB ? shape.k : shape.n;
    shape.ldc = shape.n;
    shape.strideA = shape.m * shape.k;
    shape.strideB = shape.k * shape.n;
    shape.strideC = shape.m * shape.n;
    void *a = operand(shape.dtype, shape.batch * shape.strideA);
    void *b = operand(shape.dtype, shape.batch * shape.strideB);
    void *c = operand(shape.resultDtype, shape.batch * shape.strideC);
    void *workspace =
        operand(DType::F32, static_cast<int64_t>(cpuGemmWorkspace(shape) / sizeof(float)));
    double seconds = fastest([&] { require(device_->gemm({}, shape, {a, b, c}, {workspace})); });
    report(name, 2.0 * shape.batch * shape.m * shape.n * shape.k, seconds);
  }

  void attention(const char *name, const AttentionShape &shape) {
    int64_t queries = shape.batch * shape.queryLength * shape.heads * shape.size;
    int64_t keys = shape.batch * shape.keyLength * shape.kvHeads * shape.size;
    auto tensor = [&](int64_t elements) { return operand(shape.dtype, elements); };
    AttentionOperands operands{tensor(queries), tensor(keys), tensor(keys), tensor(queries),
                               tensor(2 * queries / shape.size)};
    operands.dOut = tensor(queries);
    operands.dq = tensor(queries);
    operands.dk = tensor(keys);
    operands.dv = tensor(keys);
    size_t workspace =
        std::max(cpuAttentionWorkspace(shape, false), cpuAttentionWorkspace(shape, true));
    operands.workspace = tensor(static_cast<int64_t>(workspace / byteSize(shape.dtype)));
    double product = 2.0 * shape.batch * shape.heads * shape.size * shape.queryLength *
                     shape.keyLength * (shape.causal ? 0.5 : 1);
    std::string label = name;
    report((label + " forward").c_str(), 2 * product, fastest([&] {
             require(device_->attention({}, {.shape = shape, .operands = operands}));
           }));
    report((label + " backward").c_str(), 5 * product, fastest([&] {
             require(
                 device_->attention({}, {.shape = shape, .backward = true, .operands = operands}));
           }));
  }

private:
  static void require(const Status &status) {
    if (status.ok())
      return;
    std::fprintf(stderr, "error: %s\n", status.message().c_str());
    std::exit(static_cast<int>(status.code()));
  }

  void *operand(DType dtype, int64_t elements) {
    Result<void *> memory = device_->allocate(static_cast<size_t>(elements) * byteSize(dtype));
    require(memory.status());
    if (dtype == DType::F32)
      for (int64_t i = 0; i < elements; ++i)
        static_cast<float *>(*memory)[i] = static_cast<float>((i * 7919) % 1000) / 1000 - 0.5f;
    return *memory;
  }

  void report(const char *name, double flops, double seconds) {
    double rate = flops / seconds / 1e9;
    if (sgemm_ == 0)
      sgemm_ = rate;
    std::printf("%-36s %10.3f ms %9.1f GF/s %6.2f of sgemm\n", name, seconds * 1e3, rate,
                rate / sgemm_);
    std::fflush(stdout);
  }

  std::unique_ptr<Device> device_;
  double sgemm_ = 0;
};

GemmShape product(int64_t m, int64_t n, int64_t k, bool transposeA, bool transposeB,
                  DType dtype = DType::F32) {
  GemmShape shape{};
  shape.m = m;
  shape.n = n;
  shape.k = k;
  shape.transposeA = transposeA;
  shape.transposeB = transposeB;
  shape.dtype = shape.resultDtype = dtype;
  return shape;
}

} // namespace

int main(int argc, char **argv) {
  Bench bench(argc > 1 ? std::max(1, std::atoi(argv[1])) : 1);
  bench.gemm("sgemm 2048 cubed", product(2048, 2048, 2048, false, false));
  // GPT-2 124M: a linear and its two gradients, at 256 and 1024 tokens.
  for (int64_t tokens : {256, 1024})
    for (auto [in, out] :
         {std::pair<int64_t, int64_t>{768, 768}, {768, 3072}, {3072, 768}, {768, 50257}}) {
      std::string name =
          std::to_string(tokens) + " " + std::to_string(in) + "->" + std::to_string(out);
      bench.gemm(("linear " + name).c_str(), product(tokens, out, in, false, true));
      bench.gemm(("input grad " + name).c_str(), product(tokens, in, out, false, false));
      bench.gemm(("weight grad " + name).c_str(), product(out, in, tokens, true, false));
    }
  bench.gemm("small 64x128x128", product(64, 128, 128, false, true));
  bench.gemm("dgemm 1024 cubed", product(1024, 1024, 1024, false, false, DType::F64));
  bench.gemm("bf16 1024 cubed", product(1024, 1024, 1024, false, true, DType::BF16));
  for (bool causal : {false, true}) {
    std::string suffix = causal ? " causal" : "";
    bench.attention(("attention 1x1024 12x64" + suffix).c_str(),
                    {1, 1024, 1024, 12, 12, 64, causal, 0.125, DType::F32});
    bench.attention(("attention 4x64 12x64" + suffix).c_str(),
                    {4, 64, 64, 12, 12, 64, causal, 0.125, DType::F32});
  }
  bench.attention("attention f64 1x512 4x64", {1, 512, 512, 4, 4, 64, true, 0.125, DType::F64});
  bench.attention("attention bf16 1x1024 12x64",
                  {1, 1024, 1024, 12, 12, 64, true, 0.125, DType::BF16});
  return 0;
}
