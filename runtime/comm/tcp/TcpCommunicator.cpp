//===- TcpCommunicator.cpp - The collectives of one axis over sockets ------------------------===//

#include "runtime/comm/tcp/TcpCommunicator.h"

#include "runtime/comm/Reduce.h"

#include <algorithm>
#include <cstring>

using namespace tpc;
using namespace tpc::tcp;

namespace {

/// Up to so many bytes a rank sends its whole input to everyone: one message instead of two.
constexpr size_t kDirectBytes = size_t(64) << 10;
/// What a round of a large collective moves between two ranks.
constexpr size_t kRoundBytes = size_t(1) << 20;

const std::byte *at(const void *base, int64_t bytes) {
  return static_cast<const std::byte *>(base) + bytes;
}
std::byte *at(void *base, int64_t bytes) { return static_cast<std::byte *>(base) + bytes; }

int64_t elementBytes(const CollectiveTensor &tensor) {
  return static_cast<int64_t>(byteSize(tensor.dtype));
}
int64_t elementsOf(const CollectiveTensor &tensor) {
  return tensor.outer * tensor.mid * tensor.inner;
}
/// One rank's part of a row of all_gather and reduce_scatter, in elements.
int64_t rowOf(const CollectiveTensor &tensor) { return tensor.mid * tensor.inner; }

size_t alignedTo(size_t offset, size_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

/// The chunk of elements [begin, end) that a coordinate reduces: whole cache lines.
std::pair<int64_t, int64_t> chunkOf(int64_t begin, int64_t end, int64_t element, int size,
                                    int coordinate) {
  int64_t line = std::max<int64_t>(1, 64 / element);
  int64_t lines = (end - begin + line - 1) / line;
  int64_t chunk = (lines + size - 1) / size * line;
  int64_t first = std::min(end, begin + coordinate * chunk);
  return {first, std::min(end, first + chunk)};
}

} // namespace

Status TcpCommunicator::run(const CollectiveCall &call, Stream) {
  if (failures_.interrupt().raised())
    return failures_.reason(true);
  if (!failed_.ok())
    return failed_;
  failed_ = runChecked(call);
  return failed_;
}

Status TcpCommunicator::runChecked(const CollectiveCall &call) {
  uint64_t hash = 0xcbf29ce484222325;
  auto mix = [&](int64_t value) {
    hash = (hash ^ static_cast<uint64_t>(value)) * 0x100000001b3;
    hash ^= hash >> 29;
  };
  size_t bytes = 0;
  for (const CollectiveTensor &tensor : call.tensors) {
    mix(tensor.outer);
    mix(tensor.mid);
    mix(tensor.inner);
    mix(static_cast<int64_t>(tensor.dtype));
    mix(tensor.outward);
    bytes += static_cast<size_t>(elementsOf(tensor) * elementBytes(tensor));
  }
  header_ = {static_cast<uint32_t>(call.kind), static_cast<uint32_t>(call.reduce), call.sequence,
             static_cast<uint32_t>(call.tensors.size()), hash};
  headers_.resize(line_.ranks.size() - 1);
  introduced_ = false;
  switch (call.kind) {
  case CollectiveKind::AllReduce:
    // Between two ranks both ways move the same bytes.
    return bytes <= kDirectBytes || size() <= 2 ? allReduceDirect(call) : allReduceInChunks(call);
  case CollectiveKind::AllGather:
    return allGather(call);
  case CollectiveKind::ReduceScatter:
    return reduceScatter(call);
  case CollectiveKind::AllToAll:
    return allToAll(call);
  }
  return Status(Code::Internal, "a collective of an unknown kind");
}

std::byte *TcpCommunicator::scratch(size_t bytes) {
  if (scratch_.size() < bytes)
    scratch_.resize(bytes);
  return scratch_.data();
}

std::vector<Transfer> TcpCommunicator::makeTransfers() {
  std::vector<Transfer> transfers(line_.ranks.size() - 1);
  for (size_t i = 0; i < transfers.size(); ++i) {
    transfers[i].fd = line_.connection[peerOf(i)];
    if (introduced_)
      continue;
    transfers[i].send.add(&header_, sizeof(header_));
    transfers[i].receive.add(&headers_[i], sizeof(headers_[i]));
    transfers[i].checkAfter = sizeof(header_);
  }
  introduced_ = true;
  return transfers;
}

std::vector<TcpCommunicator::Piece> TcpCommunicator::nextRound(const CollectiveCall &call,
                                                               Piece &at, size_t bytes) const {
  std::vector<Piece> pieces;
  while (bytes > 0 && at.tensor < call.tensors.size()) {
    const CollectiveTensor &tensor = call.tensors[at.tensor];
    bool rows = call.kind == CollectiveKind::ReduceScatter;
    int64_t row = rows ? rowOf(tensor) : elementsOf(tensor);
    int64_t element = elementBytes(tensor);
    // At least one element, so that every round moves on.
    int64_t most = std::max<int64_t>(1, static_cast<int64_t>(bytes) / element);
    int64_t end = std::min(row, at.begin + most);
    if (end > at.begin)
      pieces.push_back({at.tensor, at.row, at.begin, end});
    bytes -= std::min(bytes, static_cast<size_t>((end - at.begin) * element));
    at.begin = end;
    if (at.begin < row)
      continue;
    at.begin = 0;
    if (!rows || ++at.row == tensor.outer) {
      at.row = 0;
      ++at.tensor;
    }
  }
  return pieces;
}

template <typename Elements>
TcpCommunicator::Arrival TcpCommunicator::arrivalOf(const CollectiveCall &call,
                                                    const std::vector<Piece> &pieces,
                                                    Elements elements) {
  Arrival arrival;
  size_t end = 0;
  for (const Piece &piece : pieces) {
    auto element = static_cast<size_t>(elementBytes(call.tensors[piece.tensor]));
    arrival.offsets.push_back(alignedTo(end, element));
    end = arrival.offsets.back() + static_cast<size_t>(elements(piece)) * element;
  }
  arrival.pitch = alignedTo(end, 64);
  return arrival;
}

Status TcpCommunicator::exchangeWith(const CollectiveCall &call, std::vector<Transfer> &transfers) {
  auto check = [&](size_t i) { return headers_[i] == header_; };
  ExchangeResult result = exchange(transfers, failures_.interrupt(), limits_, check);
  switch (result.outcome) {
  case ExchangeResult::Done:
    return Status();
  case ExchangeResult::Interrupted:
    return failures_.reason(true);
  case ExchangeResult::CheckFailed: {
    int peer = peerOf(result.transfer), me = line_.coordinate;
    std::string mine = describe(header_), theirs = describe(headers_[result.transfer]);
    return Status(Code::RankFailed, "ranks disagree: " + nameOf(std::min(me, peer)) + " runs " +
                                        (me < peer ? mine : theirs) + ", and " +
                                        nameOf(std::max(me, peer)) + " runs " +
                                        (me < peer ? theirs : mine));
  }
  case ExchangeResult::Closed: {
    // The one that watches the processes knows more, in a moment.
    if (Status reason = failures_.reason(true); !reason.ok())
      return reason;
    return Status(Code::RankFailed, nameOf(peerOf(result.transfer)) + " closed its connection");
  }
  case ExchangeResult::TimedOut:
    break;
  }
  std::string missing;
  for (size_t i = 0; i < transfers.size(); ++i)
    if (!transfers[i].receive.done() || !transfers[i].send.done())
      missing += (missing.empty() ? "" : ", ") + nameOf(peerOf(i));
  return Status(Code::RankFailed,
                nameOf(line_.coordinate) + " waited " + std::to_string(limits_.timeout.count()) +
                    " ms in " + std::string(name(call.kind)) + " of " +
                    std::to_string(call.tensors.size()) + " tensor(s), number " +
                    std::to_string(call.sequence) + " for " + missing,
                "--timeout sets how long ranks wait for each other");
}

std::string TcpCommunicator::describe(const CallHeader &header) const {
  if (header.kind > static_cast<uint32_t>(CollectiveKind::AllToAll))
    return "something else";
  char shapes[20];
  std::snprintf(shapes, sizeof(shapes), "%04x", static_cast<unsigned>(header.shapes & 0xFFFF));
  return std::string(name(static_cast<CollectiveKind>(header.kind))) + " of " +
         std::to_string(header.tensors) + " tensor(s) of shapes #" + shapes + ", number " +
         std::to_string(header.sequence);
}

std::string TcpCommunicator::nameOf(int coordinate) const {
  return "coordinate " + std::to_string(coordinate) + " (rank " +
         std::to_string(line_.ranks[coordinate]) + ")";
}

Status TcpCommunicator::allReduceDirect(const CollectiveCall &call) {
  std::vector<const void *> inputs(line_.ranks.size());
  for (Piece next{}; next.tensor < call.tensors.size() || !introduced_;) {
    std::vector<Piece> pieces = nextRound(call, next, kRoundBytes);
    auto [offsets, pitch] =
        arrivalOf(call, pieces, [](const Piece &piece) { return piece.end - piece.begin; });
    std::vector<Transfer> transfers = makeTransfers();
    std::byte *received = scratch(pitch * transfers.size());
    for (size_t i = 0; i < transfers.size(); ++i)
      for (size_t p = 0; p < pieces.size(); ++p) {
        const CollectiveTensor &tensor = call.tensors[pieces[p].tensor];
        int64_t element = elementBytes(tensor);
        size_t bytes = static_cast<size_t>((pieces[p].end - pieces[p].begin) * element);
        transfers[i].send.add(at(tensor.input, pieces[p].begin * element), bytes);
        transfers[i].receive.add(received + i * pitch + offsets[p], bytes);
      }
    TPC_RETURN_IF_ERROR(exchangeWith(call, transfers));
    for (size_t p = 0; p < pieces.size(); ++p) {
      const CollectiveTensor &tensor = call.tensors[pieces[p].tensor];
      int64_t offset = pieces[p].begin * elementBytes(tensor);
      inputs[line_.coordinate] = at(tensor.input, offset);
      for (size_t i = 0; i < transfers.size(); ++i)
        inputs[peerOf(i)] = received + i * pitch + offsets[p];
      void *output = at(tensor.output, offset);
      reduceInto(tensor.dtype, call.reduce, inputs, {&output, 1},
                 static_cast<size_t>(pieces[p].end - pieces[p].begin));
    }
  }
  return Status();
}

Status TcpCommunicator::allReduceInChunks(const CollectiveCall &call) {
  const int n = size();
  std::vector<const void *> inputs(line_.ranks.size());
  auto chunk = [&](const Piece &piece, int coordinate) {
    return chunkOf(piece.begin, piece.end, elementBytes(call.tensors[piece.tensor]), n, coordinate);
  };
  std::vector<Piece> reduced; // whose results go out
  Piece next{};
  do {
    std::vector<Piece> pieces = nextRound(call, next, kRoundBytes * static_cast<size_t>(n));
    auto [offsets, pitch] = arrivalOf(call, pieces, [&](const Piece &piece) {
      auto [begin, end] = chunk(piece, line_.coordinate);
      return end - begin;
    });
    std::vector<Transfer> transfers = makeTransfers();
    std::byte *received = scratch(pitch * transfers.size());
    for (size_t i = 0; i < transfers.size(); ++i) {
      int peer = peerOf(i);
      for (size_t p = 0; p < pieces.size(); ++p) {
        const CollectiveTensor &tensor = call.tensors[pieces[p].tensor];
        int64_t element = elementBytes(tensor);
        auto [begin, end] = chunk(pieces[p], peer);
        transfers[i].send.add(at(tensor.input, begin * element),
                              static_cast<size_t>((end - begin) * element));
        auto [mine, mineEnd] = chunk(pieces[p], line_.coordinate);
        transfers[i].receive.add(received + i * pitch + offsets[p],
                                 static_cast<size_t>((mineEnd - mine) * element));
      }
      for (const Piece &piece : reduced) {
        const CollectiveTensor &tensor = call.tensors[piece.tensor];
        int64_t element = elementBytes(tensor);
        auto [mine, mineEnd] = chunk(piece, line_.coordinate);
        transfers[i].send.add(at(tensor.output, mine * element),
                              static_cast<size_t>((mineEnd - mine) * element));
        // In place, too: what is overwritten here was sent in the round before.
        auto [begin, end] = chunk(piece, peer);
        transfers[i].receive.add(at(tensor.output, begin * element),
                                 static_cast<size_t>((end - begin) * element));
      }
    }
    TPC_RETURN_IF_ERROR(exchangeWith(call, transfers));
    for (size_t p = 0; p < pieces.size(); ++p) {
      const CollectiveTensor &tensor = call.tensors[pieces[p].tensor];
      auto [begin, end] = chunk(pieces[p], line_.coordinate);
      int64_t offset = begin * elementBytes(tensor);
      inputs[line_.coordinate] = at(tensor.input, offset);
      for (size_t i = 0; i < transfers.size(); ++i)
        inputs[peerOf(i)] = received + i * pitch + offsets[p];
      void *output = at(tensor.output, offset);
      reduceInto(tensor.dtype, call.reduce, inputs, {&output, 1}, static_cast<size_t>(end - begin));
    }
    reduced = std::move(pieces);
  } while (!reduced.empty());
  return Status();
}

Status TcpCommunicator::reduceScatter(const CollectiveCall &call) {
  std::vector<const void *> inputs(line_.ranks.size());
  for (Piece next{}; next.tensor < call.tensors.size() || !introduced_;) {
    std::vector<Piece> pieces = nextRound(call, next, kRoundBytes);
    auto [offsets, pitch] =
        arrivalOf(call, pieces, [](const Piece &piece) { return piece.end - piece.begin; });
    std::vector<Transfer> transfers = makeTransfers();
    // Room for what comes, and for short rows that go.
    std::byte *received = scratch(2 * pitch * transfers.size());
    std::byte *packed = received + pitch * transfers.size();
    auto input = [&](const Piece &piece, int coordinate) {
      const CollectiveTensor &tensor = call.tensors[piece.tensor];
      int64_t row = (piece.row * size() + coordinate) * rowOf(tensor);
      return at(tensor.input, (row + piece.begin) * elementBytes(tensor));
    };
    for (size_t i = 0; i < transfers.size(); ++i)
      for (size_t p = 0; p < pieces.size(); ++p) {
        int64_t element = elementBytes(call.tensors[pieces[p].tensor]);
        size_t bytes = static_cast<size_t>((pieces[p].end - pieces[p].begin) * element);
        const std::byte *from = input(pieces[p], peerOf(i));
        if (static_cast<int64_t>(bytes) < kShortRow)
          from = static_cast<const std::byte *>(
              std::memcpy(packed + i * pitch + offsets[p], from, bytes));
        transfers[i].send.add(from, bytes);
        transfers[i].receive.add(received + i * pitch + offsets[p], bytes);
      }
    TPC_RETURN_IF_ERROR(exchangeWith(call, transfers));
    for (size_t p = 0; p < pieces.size(); ++p) {
      const Piece &piece = pieces[p];
      const CollectiveTensor &tensor = call.tensors[piece.tensor];
      inputs[line_.coordinate] = input(piece, line_.coordinate);
      for (size_t i = 0; i < transfers.size(); ++i)
        inputs[peerOf(i)] = received + i * pitch + offsets[p];
      void *output =
          at(tensor.output, (piece.row * rowOf(tensor) + piece.begin) * elementBytes(tensor));
      reduceInto(tensor.dtype, call.reduce, inputs, {&output, 1},
                 static_cast<size_t>(piece.end - piece.begin));
    }
  }
  return Status();
}

Status TcpCommunicator::allGather(const CollectiveCall &call) {
  const int n = size();
  auto rowBytes = [](const CollectiveTensor &tensor) {
    return rowOf(tensor) * elementBytes(tensor);
  };
  auto throughScratch = [&](const CollectiveTensor &tensor) {
    return tensor.outer > 1 && rowBytes(tensor) < kShortRow;
  };
  size_t pitch = 0;
  for (const CollectiveTensor &tensor : call.tensors)
    if (throughScratch(tensor))
      pitch += static_cast<size_t>(tensor.outer * rowBytes(tensor));
  std::vector<Transfer> transfers = makeTransfers();
  std::byte *received = scratch(pitch * transfers.size());
  for (size_t i = 0; i < transfers.size(); ++i) {
    std::byte *place = received + i * pitch;
    for (const CollectiveTensor &tensor : call.tensors) {
      size_t bytes = static_cast<size_t>(tensor.outer * rowBytes(tensor));
      transfers[i].send.add(tensor.input, bytes);
      if (throughScratch(tensor)) {
        transfers[i].receive.add(place, bytes);
        place += bytes;
        continue;
      }
      for (int64_t row = 0; row < tensor.outer; ++row)
        transfers[i].receive.add(at(tensor.output, (row * n + peerOf(i)) * rowBytes(tensor)),
                                 static_cast<size_t>(rowBytes(tensor)));
    }
  }
  TPC_RETURN_IF_ERROR(exchangeWith(call, transfers));
  auto place = [&](const CollectiveTensor &tensor, int coordinate, const void *rows) {
    for (int64_t row = 0; row < tensor.outer; ++row)
      std::memcpy(at(tensor.output, (row * n + coordinate) * rowBytes(tensor)),
                  at(rows, row * rowBytes(tensor)), static_cast<size_t>(rowBytes(tensor)));
  };
  size_t offset = 0;
  for (const CollectiveTensor &tensor : call.tensors) {
    place(tensor, line_.coordinate, tensor.input);
    if (!throughScratch(tensor))
      continue;
    for (size_t i = 0; i < transfers.size(); ++i)
      place(tensor, peerOf(i), received + i * pitch + offset);
    offset += static_cast<size_t>(tensor.outer * rowBytes(tensor));
  }
  return Status();
}
