//===- FloorBench.cpp - The rates that a training step on this CPU cannot beat -------------===//
//
// Usage: floor_bench THREADS
//
// Prints one JSON object: the best rate of a float32 product, over large shapes, as one device with
// THREADS threads and as THREADS devices with one, and of OpenBLAS if it is installed; and the best
// memory bandwidth of a loop that reads four arrays and writes three of them back, as an optimizer
// does. `speed.py` makes the floor of a step of both.
//
//===---------------------------------------------------------------------------------------===//
#include "runtime/device/Device.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <functional>
#include <string>
#include <thread>
#include <vector>

using namespace tpc;

namespace {

using Clock = std::chrono::steady_clock;

/// Seconds of the fastest of the runs that fit into `budget` seconds, after one to warm up.
double fastest(double budget, const std::function<void()> &run) {
  auto since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  run();
  double best = INFINITY;
  Clock::time_point start = Clock::now();
  do {
    Clock::time_point begin = Clock::now();
    run();
    best = std::min(best, since(begin));
  } while (since(start) < budget);
  return best;
}

void require(const Status &status) {
  if (status.ok())
    return;
  std::fprintf(stderr, "error: %s\n", status.message().c_str());
  std::exit(static_cast<int>(status.code()));
}

void onThreads(int count, const std::function<void(int)> &work) {
  std::vector<std::thread> threads;
  for (int thread = 1; thread < count; ++thread)
    threads.emplace_back(work, thread);
  work(0);
  for (std::thread &thread : threads)
    thread.join();
}

/// The type of cblas_sgemm.
using Sgemm = void(int, int, int, int, int, int, float, const float *, int, const float *, int,
                   float, float *, int);

/// OpenBLAS's product with one thread, or null.
Sgemm *openBlas() {
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  return library ? reinterpret_cast<Sgemm *>(dlsym(library, "cblas_sgemm")) : nullptr;
}

/// A device and the operands of one product.
class Product {
public:
  Product(int threads, int64_t m, int64_t n, int64_t k) {
    Result<std::unique_ptr<Device>> device = createCpuDevice(threads);
    require(device.status());
    device_ = std::move(*device);
    shape_.m = m;
    shape_.n = n;
    shape_.k = k;
    shape_.transposeB = true;
    shape_.lda = shape_.ldb = k;
    shape_.ldc = n;
    a_ = operand(m * k);
    b_ = operand(n * k);
    c_ = operand(m * n);
    workspace_ = operand(static_cast<int64_t>(cpuGemmWorkspace(shape_) / sizeof(float)));
  }
  void run() { require(device_->gemm({}, shape_, {a_, b_, c_}, {workspace_})); }
  /// By OpenBLAS, in row-major order.
  void runBy(Sgemm *sgemm) {
    sgemm(101, 111, 112, int(shape_.m), int(shape_.n), int(shape_.k), 1, static_cast<float *>(a_),
          int(shape_.lda), static_cast<float *>(b_), int(shape_.ldb), 0, static_cast<float *>(c_),
          int(shape_.ldc));
  }
  double flops() const { return 2.0 * shape_.m * shape_.n * shape_.k; }

private:
  void *operand(int64_t elements) {
    Result<void *> memory = device_->allocate(static_cast<size_t>(elements) * sizeof(float));
    require(memory.status());
    for (int64_t i = 0; i < elements; ++i)
      static_cast<float *>(*memory)[i] = static_cast<float>((i * 7919) % 1000) / 1000 - 0.5f;
    return *memory;
  }

  std::unique_ptr<Device> device_;
  GemmShape shape_{};
  void *a_, *b_, *c_, *workspace_;
};

/// Products on `devices` devices of `threads` threads at the same time, in flops a second; by
/// `sgemm` if given.
double productRate(Sgemm *sgemm, int devices, int threads, int64_t m, int64_t n, int64_t k) {
  std::vector<std::unique_ptr<Product>> products;
  for (int i = 0; i < devices; ++i)
    products.push_back(std::make_unique<Product>(threads, m, n, k));
  constexpr int kRepeat = 4; // hides the start of threads
  double seconds = fastest(0.7, [&] {
    onThreads(devices, [&](int i) {
      for (int repeat = 0; repeat < kRepeat; ++repeat)
        if (sgemm)
          products[i]->runBy(sgemm);
        else
          products[i]->run();
    });
  });
  return devices * kRepeat * products[0]->flops() / seconds;
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"), optimize("O3")))
#endif
void updateLike(float *__restrict p, const float *__restrict g, float *__restrict m,
                float *__restrict v, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    m[i] = m[i] * 0.5f + g[i];
    v[i] = v[i] * 0.5f + g[i];
    p[i] = p[i] * 0.5f + g[i];
  }
}

/// Bytes a second, each read and each write counted once.
double bandwidth(int threads) {
  constexpr int64_t kElements = int64_t{64} << 20; // 1 GiB in all: no cache holds it
  Result<std::unique_ptr<Device>> device = createCpuDevice(1);
  require(device.status());
  std::vector<float *> arrays;
  for (int i = 0; i < 4; ++i) {
    Result<void *> memory = (*device)->allocate(kElements * sizeof(float));
    require(memory.status());
    arrays.push_back(static_cast<float *>(*memory));
  }
  double seconds = fastest(1.0, [&] {
    onThreads(threads, [&](int thread) {
      updateLike(arrays[0], arrays[1], arrays[2], arrays[3], kElements * thread / threads,
                 kElements * (thread + 1) / threads);
    });
  });
  return 7.0 * sizeof(float) * kElements / seconds;
}

} // namespace

int main(int argc, char **argv) {
  int threads = argc == 2 ? std::atoi(argv[1]) : 0;
  if (threads < 1) {
    std::fprintf(stderr, "usage: floor_bench THREADS\n");
    return static_cast<int>(Code::Usage);
  }
  double best = 0;
  std::string where;
  auto measure = [&](const char *who, Sgemm *sgemm, int devices, int64_t m, int64_t n, int64_t k) {
    double rate = productRate(sgemm, devices, threads / devices, m, n, k);
    if (rate <= best)
      return;
    best = rate;
    where = std::string(who) + ", " + std::to_string(m) + " x " + std::to_string(n) + " x " +
            std::to_string(k) + ", " + std::to_string(devices) + " x " +
            std::to_string(threads / devices) + " threads";
  };
  Sgemm *sgemm = openBlas();
  for (auto [m, n, k] : {std::array<int64_t, 3>{2048, 2048, 2048}, {1024, 3072, 3072}}) {
    for (int devices : {1, threads})
      measure("tpc", nullptr, devices, m, n, k);
    if (sgemm)
      measure("OpenBLAS", sgemm, threads, m, n, k);
  }
  std::printf("{\"threads\": %d, \"gemm\": %.6g, \"gemm_shape\": \"%s\", \"bandwidth\": %.6g}\n",
              threads, best, where.c_str(), bandwidth(threads));
  return 0;
}
