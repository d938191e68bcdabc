//===- TcpGroup.cpp - Rank processes that run, watch and stop together -----------------------===//

#include "runtime/comm/tcp/TcpGroup.h"

#include "runtime/comm/tcp/TcpCommunicator.h"
#include "runtime/comm/tcp/Watch.h"

#include <algorithm>

using namespace tpc;
using namespace tpc::tcp;
using namespace std::chrono_literals;

namespace {

/// A rank that died is noticed all the same.
constexpr std::chrono::milliseconds kNoTimeout = 24h;
/// More than any buffer of one rank.
constexpr uint64_t kMostGathered = uint64_t(1) << 40;

/// What ranks say to rank 0, and back, on their link when they meet.
struct Note {
  uint64_t what = 0;
  int64_t value = 0;
};
constexpr uint64_t kMeeting = 0x6d656574, kGathering = 0x67617468, kTelling = 0x74656c6c;

class TcpGroup final : public ProcessGroup, public Failures {
public:
  TcpGroup(Connected connected, int rank, const Mesh &mesh, std::chrono::milliseconds timeout,
           int lifeline)
      : rank_(rank), ranksHere_(connected.ranksOnThisMachine), timeout_(timeout),
        links_(std::move(connected.links)),
        watch_({rank, std::move(connected.control), std::move(connected.listener), timeout,
                lifeline}) {
    // With more ranks than cores, the one that is waited for may need this very core.
    spin_ = ranksHere_ <= static_cast<int>(std::thread::hardware_concurrency()) ? 50us : 0us;
    for (size_t axis = 0; axis < mesh.axes.size(); ++axis) {
      Line line;
      line.coordinate = static_cast<int>(mesh.coordinate(rank_, static_cast<AxisId>(axis)));
      for (int64_t member : mesh.group(rank_, static_cast<AxisId>(axis))) {
        line.ranks.push_back(static_cast<int>(member));
        line.connection.push_back(member == rank_ ? -1 : links_[member].fd());
      }
      communicators_.push_back(std::make_unique<TcpCommunicator>(std::move(line), *this,
                                                                 ExchangeLimits{timeout_, spin_}));
    }
  }

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(links_.size()); }
  int ranksOnThisMachine() const override { return ranksHere_; }

  std::vector<Communicator *> communicators() override {
    std::vector<Communicator *> result;
    for (const std::unique_ptr<TcpCommunicator> &communicator : communicators_)
      result.push_back(communicator.get());
    return result;
  }

  void onFailure(std::function<Status(const Status &)> explain) override {
    watch_.onFailure(std::move(explain));
  }
  void abort(const Status &reason) override { watch_.abort(reason); }

  Result<int64_t> agree(int64_t value,
                        const std::function<Result<int64_t>(int64_t largest)> &atRoot,
                        std::chrono::milliseconds timeout) override {
    Note mine{kMeeting, value};
    if (rank_ != 0) {
      TPC_RETURN_IF_ERROR(move(0, {&mine, 1}, {}, timeout));
      Note verdict;
      TPC_RETURN_IF_ERROR(move(0, {}, {&verdict, 1}, kNoTimeout));
      TPC_RETURN_IF_ERROR(expect(verdict, kMeeting, 0));
      return verdict.value;
    }
    std::vector<Note> notes(links_.size());
    std::vector<Transfer> transfers = toAll();
    for (size_t i = 0; i < transfers.size(); ++i)
      transfers[i].receive.add(&notes[i + 1], sizeof(Note));
    TPC_RETURN_IF_ERROR(complete(transfers, timeout));
    for (size_t rank = 1; rank < notes.size(); ++rank) {
      TPC_RETURN_IF_ERROR(expect(notes[rank], kMeeting, static_cast<int>(rank)));
      value = std::max(value, notes[rank].value);
    }
    TPC_ASSIGN_OR_RETURN(value, atRoot(value));
    Note verdict{kMeeting, value};
    transfers = toAll();
    for (Transfer &transfer : transfers)
      transfer.send.add(&verdict, sizeof(verdict));
    TPC_RETURN_IF_ERROR(complete(transfers, timeout));
    return value;
  }

  Status
  gather(std::span<const int> ranks, std::span<const std::byte> mine,
         const std::function<Status(int rank, std::span<const std::byte> bytes)> &visit) override {
    for (int rank : ranks) {
      if (rank == rank_ && rank == 0) {
        TPC_RETURN_IF_ERROR(visit(0, mine));
      } else if (rank == rank_) {
        Note note{kGathering, static_cast<int64_t>(mine.size())};
        TPC_RETURN_IF_ERROR(move(0, {&note, 1}, {}, kNoTimeout));
        TPC_RETURN_IF_ERROR(moveBytes(0, mine, {}, kNoTimeout));
      } else if (rank_ == 0) {
        Note note;
        TPC_RETURN_IF_ERROR(move(rank, {}, {&note, 1}, kNoTimeout));
        TPC_RETURN_IF_ERROR(expect(note, kGathering, rank));
        if (static_cast<uint64_t>(note.value) > kMostGathered)
          return Status(Code::Internal, "rank " + std::to_string(rank) + " has too much to say");
        gathered_.resize(static_cast<size_t>(note.value));
        TPC_RETURN_IF_ERROR(moveBytes(rank, {}, gathered_, kNoTimeout));
        TPC_RETURN_IF_ERROR(visit(rank, gathered_));
      }
    }
    return Status();
  }

  Status broadcast(std::span<std::byte> bytes) override {
    Note note{kTelling, static_cast<int64_t>(bytes.size())};
    if (rank_ != 0) {
      TPC_RETURN_IF_ERROR(move(0, {}, {&note, 1}, timeout_));
      TPC_RETURN_IF_ERROR(expect(note, kTelling, 0));
      if (note.value != static_cast<int64_t>(bytes.size()))
        return Status(Code::Internal, "rank 0 tells something else than rank " +
                                          std::to_string(rank_) + " expects");
      return moveBytes(0, {}, bytes, timeout_);
    }
    std::vector<Transfer> transfers = toAll();
    for (Transfer &transfer : transfers) {
      transfer.send.add(&note, sizeof(note));
      transfer.send.add(bytes.data(), bytes.size());
    }
    return complete(transfers, timeout_);
  }

  Result<int64_t> finish(int64_t value) override {
    watch_.expectTheEnd();
    return agree(value, [](int64_t largest) { return largest; }, kNoTimeout);
  }

private:
  const Interrupt &interrupt() const override { return watch_.interrupt(); }
  Status reason(bool expected) const override {
    // It comes at once, through rank 0, unless that is stopped.
    return watch_.reason(expected ? timeout_ : std::chrono::milliseconds(0));
  }

  std::vector<Transfer> toAll() const {
    std::vector<Transfer> transfers(links_.size() - 1);
    for (size_t i = 0; i < transfers.size(); ++i)
      transfers[i].fd = links_[i + 1].fd();
    return transfers;
  }

  Status move(int rank, std::span<const Note> out, std::span<Note> in,
              std::chrono::milliseconds timeout) {
    return moveBytes(rank, std::as_bytes(out), std::as_writable_bytes(in), timeout);
  }
  Status moveBytes(int rank, std::span<const std::byte> out, std::span<std::byte> in,
                   std::chrono::milliseconds timeout) {
    std::vector<Transfer> transfers(1);
    transfers[0].fd = links_[rank].fd();
    transfers[0].send.add(out.data(), out.size());
    transfers[0].receive.add(in.data(), in.size());
    return complete(transfers, timeout);
  }

  /// Transfers with rank 0, or on rank 0 with one rank or all of them.
  Status complete(std::vector<Transfer> &transfers, std::chrono::milliseconds timeout) {
    ExchangeResult result = exchange(transfers, interrupt(), {timeout, spin_});
    auto rankOf = [&](size_t transfer) {
      for (size_t rank = 0; rank < links_.size(); ++rank)
        if (links_[rank] && links_[rank].fd() == transfers[transfer].fd)
          return std::to_string(rank);
      return std::string("?");
    };
    switch (result.outcome) {
    case ExchangeResult::Done:
      return Status();
    case ExchangeResult::Interrupted:
      return reason(true);
    case ExchangeResult::CheckFailed:
    case ExchangeResult::Closed: {
      if (Status why = reason(true); !why.ok())
        return why;
      return Status(Code::RankFailed, "rank " + rankOf(result.transfer) + " closed its connection");
    }
    case ExchangeResult::TimedOut:
      break;
    }
    std::string missing;
    for (size_t i = 0; i < transfers.size(); ++i)
      if (!transfers[i].receive.done() || !transfers[i].send.done())
        missing += (missing.empty() ? "" : ", ") + rankOf(i);
    return Status(Code::RankFailed,
                  "waited " + std::to_string(timeout.count()) + " ms for rank " + missing,
                  "--timeout sets how long ranks wait for each other");
  }

  Status expect(const Note &note, uint64_t what, int rank) const {
    if (note.what == what)
      return Status();
    return Status(Code::RankFailed, "rank " + std::to_string(rank) +
                                        " is in another place of the run than rank " +
                                        std::to_string(rank_));
  }

  const int rank_, ranksHere_;
  const std::chrono::milliseconds timeout_;
  std::chrono::microseconds spin_;
  std::vector<Socket> links_; ///< by rank
  std::vector<std::unique_ptr<TcpCommunicator>> communicators_;
  std::vector<std::byte> gathered_;
  Watch watch_; ///< last: its thread ends first
};

} // namespace

Result<std::unique_ptr<ProcessGroup>> tcp::joinTcpGroup(TcpGroupOptions options) {
  Hello &self = options.bootstrap.self;
  const Mesh mesh = options.bootstrap.mesh;
  const int rank = static_cast<int>(self.rank);
  const std::chrono::milliseconds timeout = options.bootstrap.timeout;
  if (self.failure.ok() && self.worldSize != mesh.numRanks())
    self.failure = Status(Code::InvalidInput,
                          "the launcher started " + std::to_string(self.worldSize) +
                              " process(es), and the plan is for " +
                              std::to_string(mesh.numRanks()) + " rank(s)",
                          "--comm local runs all ranks in one process");
  TPC_ASSIGN_OR_RETURN(Connected connected, bootstrap(std::move(options.bootstrap)));
  return std::unique_ptr<ProcessGroup>(
      std::make_unique<TcpGroup>(std::move(connected), rank, mesh, timeout, options.lifeline));
}
