//===- Cost.h - Predicted times ------------------------------------------------------------===//
//
// Times are integers in picoseconds, so that sums have one value in any order and plans are equal
// on every machine. A collective of n bytes takes alpha + beta * (bytes on the wire of one rank);
// wire bytes as in Alpa (arXiv 2201.12023) and NCCL's bus-bandwidth notes.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string>

namespace tpc {

using Picoseconds = int64_t;

/// What the solver and the reports know of a machine; one entry per --hardware file.
struct Hardware {
  std::string name = "cpu-2core";
  double gemmFlopsPerSecond = 140e9;
  double memoryBytesPerSecond = 30e9;
  double instructionLatencySeconds = 1e-6; ///< of an instruction that nothing else needs
  double collectiveLatencySeconds = 5e-6;  ///< alpha
  double collectiveBytesPerSecond = 15e9;  ///< 1 / beta
};

/// "3.2 us"
std::string microseconds(Picoseconds time);

enum class CollectiveKind : uint8_t { AllReduce, AllGather, ReduceScatter, AllToAll };

/// "all_reduce", ...
const char *name(CollectiveKind kind);

/// Bytes that one of `ranks` ranks sends, for a tensor that is `bytes` whole (before a reduce,
/// after a gather): all_reduce 2(n-1)/n, all_gather and reduce_scatter (n-1)/n, all_to_all
/// (n-1)/n^2.
int64_t wireBytes(CollectiveKind kind, int64_t bytes, int64_t ranks);

Picoseconds collectiveTime(const Hardware &hardware, CollectiveKind kind, int64_t bytes,
                           int64_t ranks);
/// The larger of the time of the flops and the time of the bytes.
Picoseconds computeTime(const Hardware &hardware, int64_t flops, int64_t bytes);

} // namespace tpc
