//===- CommunicatorConformance.cpp - What every communicator must do --------------------------===//

#include "CommunicatorConformance.h"

#include "runtime/support/BFloat16.h"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

using namespace tpc;
using namespace tpc::test;
using namespace std::chrono_literals;
using testing::HasSubstr;

std::vector<Status> tpc::test::onAllRanks(Communicators &communicators,
                                          const std::function<Status(Communicator &)> &rank) {
  std::vector<Status> statuses(communicators.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < communicators.size(); ++i)
    threads.emplace_back([&, i] { statuses[i] = rank(*communicators[i]); });
  for (std::thread &thread : threads)
    thread.join();
  return statuses;
}

namespace {

void expectOk(const std::vector<Status> &statuses) {
  for (const Status &status : statuses)
    EXPECT_TRUE(status.ok()) << status.message();
}

/// 10^rank for a few ranks, then what stays exact in every dtype that is asked for.
double revealing(int rank) { return rank < 4 ? std::pow(10.0, rank) : 2048.0 * (rank - 3); }

struct Typed {
  DType dtype;
  std::vector<std::byte> bytes;

  Typed(DType dtype, size_t elements) : dtype(dtype), bytes(elements * byteSize(dtype)) {}
  size_t size() const { return bytes.size() / byteSize(dtype); }
  void set(size_t i, double value) {
    std::byte *at = &bytes[i * byteSize(dtype)];
    auto put = [&](auto v) { std::memcpy(at, &v, sizeof(v)); };
    if (dtype == DType::F32)
      put(static_cast<float>(value));
    else if (dtype == DType::F64)
      put(value);
    else if (dtype == DType::BF16)
      put(floatToBfloat16(static_cast<float>(value)));
    else
      put(static_cast<int32_t>(value));
  }
  double get(size_t i) const {
    const std::byte *at = &bytes[i * byteSize(dtype)];
    auto take = [&](auto v) {
      std::memcpy(&v, at, sizeof(v));
      return v;
    };
    if (dtype == DType::F32)
      return take(float());
    if (dtype == DType::F64)
      return take(double());
    if (dtype == DType::BF16)
      return bfloat16ToFloat(take(uint16_t()));
    return take(int32_t());
  }
};

CollectiveTensor tensorOf(const Typed &input, Typed &output, int64_t outer, int64_t mid,
                          int64_t inner) {
  return {input.bytes.data(), output.bytes.data(), outer, mid, inner, input.dtype};
}

} // namespace

TEST_P(CommunicatorConformance, KnowsItsPlace) {
  TPC_NEED_RANKS(1);
  for (int n : possible()) {
    Communicators group = GetParam().make(n, 20s);
    ASSERT_EQ(group.size(), size_t(n));
    for (int c = 0; c < n; ++c) {
      EXPECT_EQ(group[c]->size(), n);
      EXPECT_EQ(group[c]->coordinate(), c);
    }
  }
}

TEST_P(CommunicatorConformance, AllReduceSums) {
  TPC_NEED_RANKS(1);
  for (int n : possible())
    for (DType dtype : {DType::F32, DType::F64, DType::BF16, DType::I32})
      for (size_t elements : {1, 7, 16, 1000, 5001}) {
        Communicators group = GetParam().make(n, 20s);
        std::vector<Typed> outputs(n, Typed(dtype, elements));
        expectOk(onAllRanks(group, [&](Communicator &c) {
          Typed input(dtype, elements);
          for (size_t i = 0; i < elements; ++i)
            input.set(i, revealing(c.coordinate()) * (1 + i % 2));
          CollectiveTensor tensor = tensorOf(input, outputs[c.coordinate()], 1, 1, elements);
          return c.run({CollectiveKind::AllReduce, ReduceKind::Sum, {&tensor, 1}, 7}, {});
        }));
        double expected = 0;
        for (int c = 0; c < n; ++c)
          expected += revealing(c);
        // bf16 rounds its inputs and its result; the other types are exact here.
        double tolerance = dtype == DType::BF16 ? expected / 64 : 0;
        for (int c = 0; c < n; ++c) {
          for (size_t i = 0; i < elements; ++i)
            ASSERT_NEAR(outputs[c].get(i), expected * (1 + i % 2), tolerance * 2)
                << "n " << n << " rank " << c << " element " << i;
          EXPECT_EQ(outputs[c].bytes, outputs[0].bytes);
        }
      }
}

TEST_P(CommunicatorConformance, AllReduceTakesTheMaximum) {
  TPC_NEED_RANKS(1);
  for (int n : possible())
    for (DType dtype : {DType::F32, DType::F64, DType::BF16, DType::I32}) {
      Communicators group = GetParam().make(n, 20s);
      const size_t elements = 100;
      std::vector<Typed> outputs(n, Typed(dtype, elements));
      expectOk(onAllRanks(group, [&](Communicator &c) {
        Typed input(dtype, elements);
        // Element i is largest on rank i % n; all are negative, so that a zero would show.
        for (size_t i = 0; i < elements; ++i)
          input.set(i, static_cast<int>(i) % n == c.coordinate() ? -1 : -100 - c.coordinate());
        CollectiveTensor tensor = tensorOf(input, outputs[c.coordinate()], 1, 1, elements);
        return c.run({CollectiveKind::AllReduce, ReduceKind::Max, {&tensor, 1}, 0}, {});
      }));
      for (int c = 0; c < n; ++c)
        for (size_t i = 0; i < elements; ++i)
          ASSERT_EQ(outputs[c].get(i), -1);
    }
}

TEST_P(CommunicatorConformance, MaximumKeepsNaN) {
  TPC_NEED_RANKS(2);
  for (int place : {0, 1}) {
    Communicators group = GetParam().make(2, 20s);
    std::vector<float> outputs(2);
    expectOk(onAllRanks(group, [&](Communicator &c) {
      float input = c.coordinate() == place ? std::numeric_limits<float>::quiet_NaN() : 1.0f;
      CollectiveTensor tensor{&input, &outputs[c.coordinate()], 1, 1, 1, DType::F32};
      return c.run({CollectiveKind::AllReduce, ReduceKind::Max, {&tensor, 1}, 0}, {});
    }));
    EXPECT_TRUE(std::isnan(outputs[0]) && std::isnan(outputs[1])) << place;
  }
}

TEST_P(CommunicatorConformance, ReducesInAscendingOrder) {
  TPC_NEED_RANKS(3, 4, 8);
  // (1 + 2^24) - 2^24 + 1 ... differs with the order of addition.
  for (int n : possible({3, 4, 8})) {
    Communicators group = GetParam().make(n, 20s);
    std::vector<float> outputs(n);
    auto value = [](int c) {
      return c == 0 ? 1.0f : c == 1 ? 16777216.0f : c == 2 ? -16777216.0f : 0.3f * c;
    };
    expectOk(onAllRanks(group, [&](Communicator &c) {
      float input = value(c.coordinate());
      CollectiveTensor tensor{&input, &outputs[c.coordinate()], 1, 1, 1, DType::F32};
      return c.run({CollectiveKind::AllReduce, ReduceKind::Sum, {&tensor, 1}, 0}, {});
    }));
    float expected = value(0);
    for (int c = 1; c < n; ++c)
      expected += value(c);
    for (int c = 0; c < n; ++c)
      EXPECT_EQ(outputs[c], expected);
  }
}

/// bf16 is added in float32, in ascending order, and rounded once.
TEST_P(CommunicatorConformance, SumsOfBF16AreRoundedOnce) {
  TPC_NEED_RANKS(1);
  auto value = [](int c, size_t i) {
    auto image = static_cast<uint16_t>(0x3f80 + (2654435761u * (i * 8 + c + 1) >> 22));
    return i == 0 && c == 1 ? INFINITY : i == 1 && c == 0 ? NAN : bfloat16ToFloat(image);
  };
  for (int n : possible())
    for (CollectiveKind kind : {CollectiveKind::AllReduce, CollectiveKind::ReduceScatter}) {
      Communicators group = GetParam().make(n, 20s);
      const size_t part = 1021, elements = part * n;
      bool scatters = kind == CollectiveKind::ReduceScatter;
      std::vector<Typed> outputs(n, Typed(DType::BF16, scatters ? part : elements));
      expectOk(onAllRanks(group, [&](Communicator &c) {
        Typed input(DType::BF16, elements);
        for (size_t i = 0; i < elements; ++i)
          input.set(i, value(c.coordinate(), i));
        CollectiveTensor tensor =
            tensorOf(input, outputs[c.coordinate()], 1, scatters ? part : elements, 1);
        return c.run({kind, ReduceKind::Sum, {&tensor, 1}, 0}, {});
      }));
      for (int c = 0; c < n; ++c)
        for (size_t i = 0; i < outputs[c].size(); ++i) {
          size_t at = scatters ? c * part + i : i;
          float sum = value(0, at);
          for (int other = 1; other < n; ++other)
            sum += value(other, at);
          double expected = bfloat16ToFloat(floatToBfloat16(sum)), found = outputs[c].get(i);
          ASSERT_TRUE(found == expected || (std::isnan(found) && std::isnan(expected)))
              << "n " << n << " rank " << c << " element " << at << ": " << found;
        }
    }
}

TEST_P(CommunicatorConformance, AllReduceWorksInPlace) {
  TPC_NEED_RANKS(1);
  for (int n : possible()) {
    Communicators group = GetParam().make(n, 20s);
    expectOk(onAllRanks(group, [&](Communicator &c) {
      Typed data(DType::F32, 10000);
      for (size_t i = 0; i < data.size(); ++i)
        data.set(i, revealing(c.coordinate()));
      double expected = 0;
      for (int other = 0; other < n; ++other)
        expected += revealing(other);
      CollectiveTensor tensor = tensorOf(data, data, 1, 1, 10000);
      Status status = c.run({CollectiveKind::AllReduce, ReduceKind::Sum, {&tensor, 1}, 0}, {});
      for (size_t i = 0; i < data.size(); ++i)
        if (data.get(i) != expected)
          return Status(Code::Difference, "element " + std::to_string(i));
      return status;
    }));
  }
}

TEST_P(CommunicatorConformance, AllGatherPutsMiddleDimsTogether) {
  TPC_NEED_RANKS(1);
  for (int n : possible())
    for (DType dtype : {DType::F32, DType::BF16, DType::I32, DType::F64}) {
      const int64_t outer = 3, mid = 2, inner = 5;
      Communicators group = GetParam().make(n, 20s);
      std::vector<Typed> outputs(n, Typed(dtype, outer * mid * inner * n));
      expectOk(onAllRanks(group, [&](Communicator &c) {
        Typed input(dtype, outer * mid * inner);
        for (size_t i = 0; i < input.size(); ++i)
          input.set(i, 32 * c.coordinate() + i);
        CollectiveTensor tensor = tensorOf(input, outputs[c.coordinate()], outer, mid, inner);
        return c.run({CollectiveKind::AllGather, ReduceKind::Sum, {&tensor, 1}, 0}, {});
      }));
      for (int rank = 0; rank < n; ++rank)
        for (int64_t i = 0; i < outer; ++i)
          for (int64_t j = 0; j < n * mid; ++j)
            for (int64_t k = 0; k < inner; ++k)
              ASSERT_EQ(outputs[rank].get((i * n * mid + j) * inner + k),
                        32 * (j / mid) + (i * mid + j % mid) * inner + k);
    }
}

TEST_P(CommunicatorConformance, ReduceScatterIsTheInverseWithASum) {
  TPC_NEED_RANKS(1);
  for (int n : possible())
    for (DType dtype : {DType::F32, DType::F64, DType::I32}) {
      const int64_t outer = 3, mid = 2, inner = 5;
      Communicators group = GetParam().make(n, 20s);
      std::vector<Typed> outputs(n, Typed(dtype, outer * mid * inner));
      expectOk(onAllRanks(group, [&](Communicator &c) {
        Typed input(dtype, outer * n * mid * inner);
        for (size_t i = 0; i < input.size(); ++i)
          input.set(i, revealing(c.coordinate()) * (1 + i));
        CollectiveTensor tensor = tensorOf(input, outputs[c.coordinate()], outer, mid, inner);
        return c.run({CollectiveKind::ReduceScatter, ReduceKind::Sum, {&tensor, 1}, 0}, {});
      }));
      double total = 0;
      for (int c = 0; c < n; ++c)
        total += revealing(c);
      for (int rank = 0; rank < n; ++rank)
        for (int64_t i = 0; i < outer; ++i)
          for (int64_t j = 0; j < mid; ++j)
            for (int64_t k = 0; k < inner; ++k)
              ASSERT_EQ(outputs[rank].get((i * mid + j) * inner + k),
                        total * (1 + (i * n * mid + rank * mid + j) * inner + k));
    }
}

/// Element i of a rank's input is 1000 * rank + i, as exact as the dtype allows.
TEST_P(CommunicatorConformance, AllToAllMovesASplit) {
  TPC_NEED_RANKS(1);
  for (int n : possible())
    for (DType dtype : {DType::F32, DType::F64, DType::I32}) {
      // Part c of `inner` goes to coordinate c, and that of r lies in front of that of r + 1.
      const int64_t outer = 3, mid = 2, run = 5;
      Communicators group = GetParam().make(n, 20s);
      std::vector<Typed> outputs(n, Typed(dtype, outer * mid * n * run));
      expectOk(onAllRanks(group, [&](Communicator &c) {
        Typed input(dtype, outer * mid * n * run);
        for (size_t i = 0; i < input.size(); ++i)
          input.set(i, 1000 * c.coordinate() + i);
        CollectiveTensor tensor = tensorOf(input, outputs[c.coordinate()], outer, mid, n * run);
        return c.run({CollectiveKind::AllToAll, ReduceKind::Sum, {&tensor, 1}, 0}, {});
      }));
      for (int rank = 0; rank < n; ++rank)
        for (int64_t i = 0; i < outer; ++i)
          for (int64_t j = 0; j < n * mid; ++j)
            for (int64_t k = 0; k < run; ++k)
              ASSERT_EQ(outputs[rank].get((i * n * mid + j) * run + k),
                        1000 * (j / mid) + ((i * mid + j % mid) * n + rank) * run + k)
                  << "n " << n << " rank " << rank << " at " << i << ", " << j << ", " << k;
    }
}

TEST_P(CommunicatorConformance, AllToAllOutwardIsTheInverse) {
  TPC_NEED_RANKS(1);
  for (int n : possible())
    // Several rows with short runs, one row, and runs that are longer than a page.
    for (auto [outer, part, inner] :
         {std::array<int64_t, 3>{3, 2, 5}, {1, 1, 7}, {1, 3, 4}, {5, 1, 2}, {2, 2, 1500}}) {
      Communicators group = GetParam().make(n, 20s);
      const int64_t elements = outer * part * n * inner;
      std::vector<Typed> moved(n, Typed(DType::F32, elements)), back = moved;
      expectOk(onAllRanks(group, [&](Communicator &c) {
        Typed input(DType::F32, elements);
        for (size_t i = 0; i < input.size(); ++i)
          input.set(i, 100000 * c.coordinate() + i);
        Typed &there = moved[c.coordinate()];
        CollectiveTensor tensor = tensorOf(input, there, outer, part * n, inner);
        tensor.outward = true;
        TPC_RETURN_IF_ERROR(
            c.run({CollectiveKind::AllToAll, ReduceKind::Sum, {&tensor, 1}, 0}, {}));
        tensor = tensorOf(there, back[c.coordinate()], outer, part, n * inner);
        return c.run({CollectiveKind::AllToAll, ReduceKind::Sum, {&tensor, 1}, 1}, {});
      }));
      for (int rank = 0; rank < n; ++rank)
        for (int64_t i = 0; i < outer; ++i)
          for (int64_t j = 0; j < part; ++j)
            for (int64_t k = 0; k < n * inner; ++k)
              ASSERT_EQ(moved[rank].get((i * part + j) * n * inner + k),
                        100000 * (k / inner) + (i * n * part + rank * part + j) * inner + k % inner)
                  << "n " << n << " rank " << rank << " at " << i << ", " << j << ", " << k;
      for (int rank = 0; rank < n; ++rank)
        for (int64_t i = 0; i < elements; ++i)
          ASSERT_EQ(back[rank].get(i), 100000 * rank + i);
    }
}

TEST_P(CommunicatorConformance, AllToAllTakesSeveralTensors) {
  TPC_NEED_RANKS(1);
  for (int n : possible()) {
    Communicators group = GetParam().make(n, 20s);
    expectOk(onAllRanks(group, [&](Communicator &c) {
      // Of both, rank r sends 10 * r + c to coordinate c; the second one in long rows.
      const int64_t row = 3000;
      Typed a(DType::BF16, n), b(DType::F64, n * row), fromA = a, fromB = b;
      for (int to = 0; to < n; ++to) {
        a.set(to, 10 * c.coordinate() + to);
        for (int64_t i = 0; i < row; ++i)
          b.set(to * row + i, 10 * c.coordinate() + to);
      }
      CollectiveTensor tensors[] = {tensorOf(a, fromA, 1, 1, n), tensorOf(b, fromB, 1, n, row)};
      tensors[1].outward = true;
      Status status = c.run({CollectiveKind::AllToAll, ReduceKind::Sum, tensors, 0}, {});
      for (int from = 0; from < n; ++from)
        if (double expected = 10 * from + c.coordinate();
            fromA.get(from) != expected || fromB.get(from * row) != expected ||
            fromB.get(from * row + row - 1) != expected)
          return Status(Code::Difference, "what came from " + std::to_string(from));
      return status;
    }));
  }
}

TEST_P(CommunicatorConformance, SeveralTensorsInOneCall) {
  TPC_NEED_RANKS(1);
  for (int n : possible()) {
    Communicators group = GetParam().make(n, 20s);
    expectOk(onAllRanks(group, [&](Communicator &c) {
      Typed a(DType::F32, 3), b(DType::F64, 300), sumA = a, sumB = b;
      for (size_t i = 0; i < a.size(); ++i)
        a.set(i, 1 + c.coordinate());
      for (size_t i = 0; i < b.size(); ++i)
        b.set(i, 0.5 * (1 + c.coordinate()));
      CollectiveTensor tensors[] = {tensorOf(a, sumA, 1, 1, 3), tensorOf(b, sumB, 1, 1, 300)};
      Status status = c.run({CollectiveKind::AllReduce, ReduceKind::Sum, tensors, 0}, {});
      double expected = n * (n + 1) / 2;
      if (sumA.get(2) != expected || sumB.get(299) != expected / 2)
        return Status(Code::Difference, "wrong sum");
      return status;
    }));
  }
}

TEST_P(CommunicatorConformance, ManyCallsInARowRepeatBitForBit) {
  TPC_NEED_RANKS(2, 4, 8);
  for (int n : possible({2, 4, 8})) {
    std::vector<float> first;
    for (int repetition = 0; repetition < 3; ++repetition) {
      Communicators group = GetParam().make(n, 20s);
      std::vector<std::vector<float>> results(n);
      expectOk(onAllRanks(group, [&](Communicator &c) {
        std::vector<float> data(777);
        for (size_t i = 0; i < data.size(); ++i)
          data[i] = std::sin(float(i + 1) * (c.coordinate() + 1));
        for (uint32_t step = 0; step < 200; ++step) {
          CollectiveTensor tensor{data.data(), data.data(), 1, 1, 777, DType::F32};
          TPC_RETURN_IF_ERROR(
              c.run({CollectiveKind::AllReduce, ReduceKind::Sum, {&tensor, 1}, step}, {}));
          for (float &x : data)
            x = x / n * 1.01f + 0.001f * c.coordinate();
        }
        CollectiveTensor tensor{data.data(), data.data(), 1, 1, 777, DType::F32};
        Status status = c.run({CollectiveKind::AllReduce, ReduceKind::Sum, {&tensor, 1}, 200}, {});
        results[c.coordinate()] = data;
        return status;
      }));
      for (int c = 1; c < n; ++c)
        EXPECT_EQ(results[c], results[0]);
      if (repetition == 0)
        first = results[0];
      EXPECT_EQ(results[0], first);
    }
  }
}

TEST_P(CommunicatorConformance, DisagreementIsFound) {
  TPC_NEED_RANKS(2, 3);
  for (int n : possible({2, 3})) {
    Communicators group = GetParam().make(n, 20s);
    std::vector<Status> statuses = onAllRanks(group, [&](Communicator &c) {
      float input = 1, output = 0;
      CollectiveTensor tensor{&input, &output, 1, 1, 1, DType::F32};
      uint32_t sequence = c.coordinate() == n - 1 ? 5 : 4;
      return c.run({CollectiveKind::AllReduce, ReduceKind::Sum, {&tensor, 1}, sequence}, {});
    });
    for (const Status &status : statuses) {
      EXPECT_EQ(status.code(), Code::RankFailed);
      EXPECT_THAT(status.message(), HasSubstr("disagree"));
      EXPECT_THAT(status.message(), HasSubstr("number 5"));
    }
  }
}

TEST_P(CommunicatorConformance, AbortWakesEverybody) {
  TPC_NEED_RANKS(4);
  Communicators group = GetParam().make(4, 60s);
  auto start = std::chrono::steady_clock::now();
  std::vector<Status> statuses = onAllRanks(group, [&](Communicator &c) {
    if (c.coordinate() == 2) {
      std::this_thread::sleep_for(100ms);
      c.abort(Status(Code::RankFailed, "rank 2 gave up"));
      return Status(Code::RankFailed, "rank 2 gave up");
    }
    float input = 1, output = 0;
    CollectiveTensor tensor{&input, &output, 1, 1, 1, DType::F32};
    return c.run({CollectiveKind::AllReduce, ReduceKind::Sum, {&tensor, 1}, 0}, {});
  });
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
  for (const Status &status : statuses)
    EXPECT_THAT(status.message(), HasSubstr("rank 2 gave up"));
  // Calls after the abort fail too.
  float data = 1;
  CollectiveTensor tensor{&data, &data, 1, 1, 1, DType::F32};
  EXPECT_FALSE(
      group[0]->run({CollectiveKind::AllReduce, ReduceKind::Sum, {&tensor, 1}, 1}, {}).ok());
}

TEST_P(CommunicatorConformance, WaitingEndsWithTheTimeout) {
  TPC_NEED_RANKS(3);
  // Long enough for the ranks to meet before, on a machine that has much to do.
  Communicators group = GetParam().make(3, 2s);
  std::vector<Status> statuses = onAllRanks(group, [&](Communicator &c) {
    if (c.coordinate() == 1)
      return Status();
    float input = 1, output = 0;
    CollectiveTensor tensor{&input, &output, 1, 1, 1, DType::F32};
    return c.run({CollectiveKind::AllReduce, ReduceKind::Sum, {&tensor, 1}, 3}, {});
  });
  for (int c : {0, 2}) {
    EXPECT_EQ(statuses[c].code(), Code::RankFailed);
    EXPECT_THAT(statuses[c].message(), HasSubstr("for coordinate 1"));
    EXPECT_THAT(statuses[c].message(), HasSubstr("number 3"));
  }
}
