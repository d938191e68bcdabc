//===- TcpAllToAll.cpp - An all_to_all over sockets ------------------------------------------===//
//
// One exchange with all others. Of each tensor a peer's runs follow each other on the wire, so what
// is contiguous on one side need not be on the other.
//
//===---------------------------------------------------------------------------------------===//
#include "runtime/comm/AllToAll.h"
#include "runtime/comm/tcp/TcpCommunicator.h"

#include <cstring>

using namespace tpc;
using namespace tpc::tcp;

namespace {

const std::byte *at(const void *base, int64_t bytes) {
  return static_cast<const std::byte *>(base) + bytes;
}
std::byte *at(void *base, int64_t bytes) { return static_cast<std::byte *>(base) + bytes; }

/// What one peer sends or gets of a tensor.
size_t sizeOf(const AllToAllRuns &runs) {
  return static_cast<size_t>(runs.outer * runs.mid * runs.bytes);
}

/// The shortest contiguous range of one side.
int64_t pieceOf(const AllToAllRuns &runs, const RunPlaces &places) {
  return places.mid == runs.bytes ? runs.mid * runs.bytes : runs.bytes;
}

} // namespace

Status TcpCommunicator::allToAll(const CollectiveCall &call) {
  std::vector<AllToAllRuns> all;
  size_t packedBytes = 0, receivedBytes = 0; // of one peer
  for (const CollectiveTensor &tensor : call.tensors) {
    const AllToAllRuns &runs = all.emplace_back(allToAllRuns(tensor, size()));
    packedBytes += pieceOf(runs, runs.input) < kShortRow ? sizeOf(runs) : 0;
    receivedBytes += pieceOf(runs, runs.output) < kShortRow ? sizeOf(runs) : 0;
  }
  std::vector<Transfer> transfers = makeTransfers();
  std::byte *packed = scratch((packedBytes + receivedBytes) * transfers.size());
  std::byte *const received = packed + packedBytes * transfers.size();
  std::byte *arriving = received;
  for (size_t i = 0; i < transfers.size(); ++i)
    for (size_t t = 0; t < all.size(); ++t) {
      const CollectiveTensor &tensor = call.tensors[t];
      const AllToAllRuns &runs = all[t];
      if (pieceOf(runs, runs.input) < kShortRow) {
        transfers[i].send.add(packed, sizeOf(runs));
        runs.forEach(runs.input, peerOf(i), [&](int64_t offset, int64_t bytes) {
          std::memcpy(packed, at(tensor.input, offset), static_cast<size_t>(bytes));
          packed += bytes;
        });
      } else {
        runs.forEach(runs.input, peerOf(i), [&](int64_t offset, int64_t bytes) {
          transfers[i].send.add(at(tensor.input, offset), static_cast<size_t>(bytes));
        });
      }
      if (pieceOf(runs, runs.output) < kShortRow) {
        transfers[i].receive.add(arriving, sizeOf(runs));
        arriving += sizeOf(runs);
      } else {
        runs.forEach(runs.output, peerOf(i), [&](int64_t offset, int64_t bytes) {
          transfers[i].receive.add(at(tensor.output, offset), static_cast<size_t>(bytes));
        });
      }
    }
  TPC_RETURN_IF_ERROR(exchangeWith(call, transfers));
  const std::byte *arrived = received;
  for (size_t i = 0; i < transfers.size(); ++i)
    for (size_t t = 0; t < all.size(); ++t)
      if (const AllToAllRuns &runs = all[t]; pieceOf(runs, runs.output) < kShortRow)
        runs.forEach(runs.output, peerOf(i), [&](int64_t offset, int64_t bytes) {
          std::memcpy(at(call.tensors[t].output, offset), arrived, static_cast<size_t>(bytes));
          arrived += bytes;
        });
  for (size_t t = 0; t < all.size(); ++t)
    copyRuns(all[t], call.tensors[t].input, line_.coordinate, call.tensors[t].output,
             line_.coordinate);
  return Status();
}
