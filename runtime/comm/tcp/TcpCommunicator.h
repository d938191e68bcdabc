//===- TcpCommunicator.h - The collectives of one axis over sockets --------------------------===//
//
// Results have the bits of `local`: every element is reduced in ascending order of coordinates,
// wherever that happens. Small sums are made by every rank from all inputs, which takes one
// message; large ones by chunks, a chunk a rank, in rounds that bound the memory they need and
// overlap the sending of one round's results with the inputs of the next.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/Communicator.h"
#include "runtime/comm/tcp/Exchange.h"

namespace tpc::tcp {

/// What a group's communicators share: how its waits end.
class Failures {
public:
  virtual ~Failures() = default;
  virtual const Interrupt &interrupt() const = 0;
  /// Why the run is over; waits a moment for the reason if `expected` says that there must be one,
  /// and is Ok if none comes.
  virtual Status reason(bool expected) const = 0;
  virtual void abort(const Status &reason) = 0;
};

/// The ranks along one axis.
struct Line {
  int coordinate = 0;
  std::vector<int> ranks;      ///< by coordinate
  std::vector<int> connection; ///< by coordinate: a socket, -1 for this rank itself
};

class TcpCommunicator final : public Communicator {
public:
  TcpCommunicator(Line line, Failures &failures, ExchangeLimits limits)
      : line_(std::move(line)), failures_(failures), limits_(limits) {}

  int size() const override { return static_cast<int>(line_.ranks.size()); }
  int coordinate() const override { return line_.coordinate; }
  Status run(const CollectiveCall &call, Stream stream) override;
  void abort(const Status &reason) override { failures_.abort(reason); }

private:
  /// Rows shorter than this go and come through memory of our own: system calls take few ranges.
  static constexpr int64_t kShortRow = 4096;

  /// What every rank says of a call before its data.
  struct CallHeader {
    uint32_t kind, reduce, sequence, tensors;
    uint64_t shapes; ///< a hash of all of them
    bool operator==(const CallHeader &) const = default;
  };
  /// Elements [begin, end) of a row of a tensor.
  struct Piece {
    size_t tensor;
    int64_t row, begin, end;
  };

  /// Where the pieces of a round come to lie in a peer's part of the scratch memory.
  struct Arrival {
    std::vector<size_t> offsets; ///< by piece, aligned to its elements
    size_t pitch = 0;            ///< bytes of a peer's part, whole cache lines
  };

  Status runChecked(const CollectiveCall &call);
  Status allReduceDirect(const CollectiveCall &call);
  Status allReduceInChunks(const CollectiveCall &call);
  Status reduceScatter(const CollectiveCall &call);
  Status allGather(const CollectiveCall &call);
  Status allToAll(const CollectiveCall &call);

  /// The next pieces of the rows of all tensors, together at most about `bytes`; moves `at` on.
  std::vector<Piece> nextRound(const CollectiveCall &call, Piece &at, size_t bytes) const;
  /// `elements` of a piece come from each peer.
  template <typename Elements>
  static Arrival arrivalOf(const CollectiveCall &call, const std::vector<Piece> &pieces,
                           Elements elements);
  std::vector<Transfer> makeTransfers();
  Status exchangeWith(const CollectiveCall &call, std::vector<Transfer> &transfers);
  std::string describe(const CallHeader &header) const;
  std::string nameOf(int coordinate) const;
  /// The others' coordinates, in the order of transfers.
  int peerOf(size_t transfer) const {
    int peer = static_cast<int>(transfer);
    return peer < line_.coordinate ? peer : peer + 1;
  }
  std::byte *scratch(size_t bytes);

  Line line_;
  Failures &failures_;
  const ExchangeLimits limits_;
  Status failed_;          ///< after it, streams hold what nobody expects
  bool introduced_ = true; ///< whether this call's header was sent
  CallHeader header_{};
  std::vector<CallHeader> headers_; ///< of the others, by transfer
  std::vector<std::byte> scratch_;
};

} // namespace tpc::tcp
