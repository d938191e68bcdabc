//===- LocalCommBench.cpp - Times of collectives between threads ------------------------------===//
//
// Prints the time of an all_reduce(sum, f32) between threads as ranks, by size and number of ranks.
//
//===---------------------------------------------------------------------------------------===//

#include "runtime/comm/local/LocalGroup.h"

#include <chrono>
#include <cstdio>
#include <thread>

using namespace tpc;

int main() {
  std::printf("%6s %10s %12s\n", "ranks", "bytes", "us per call");
  for (int ranks : {1, 2, 4, 8})
    for (int64_t bytes : {64, 4096, 65536, 786432, 8388608}) {
      auto group = makeLocalGroup(ranks, std::chrono::seconds(60));
      const int calls = bytes > 1'000'000 ? 50 : 500;
      double seconds = 0;
      std::vector<std::thread> threads;
      for (int c = 0; c < ranks; ++c)
        threads.emplace_back([&, c] {
          std::vector<float> data(static_cast<size_t>(bytes) / 4, 1.0f), sum(data.size());
          CollectiveTensor tensor{data.data(), sum.data(), 1, 1, static_cast<int64_t>(data.size()),
                                  DType::F32};
          CollectiveCall call{CollectiveKind::AllReduce, ReduceKind::Sum, {&tensor, 1}, 0};
          for (int i = 0; i < calls / 10; ++i)
            if (!group[c]->run(call, {}).ok())
              return;
          auto start = std::chrono::steady_clock::now();
          for (int i = 0; i < calls; ++i)
            if (!group[c]->run(call, {}).ok())
              return;
          if (c == 0)
            seconds =
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        });
      for (std::thread &thread : threads)
        thread.join();
      std::printf("%6d %10lld %12.1f\n", ranks, static_cast<long long>(bytes),
                  seconds / calls * 1e6);
    }
}
