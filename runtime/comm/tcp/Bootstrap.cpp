//===- Bootstrap.cpp - How rank processes find each other ------------------------------------===//

#include "runtime/comm/tcp/Bootstrap.h"

#include <algorithm>
#include <fstream>
#include <list>
#include <map>
#include <poll.h>
#include <sys/random.h>
#include <thread>
#include <unistd.h>

using namespace tpc;
using namespace tpc::tcp;
using namespace std::chrono_literals;

namespace {

/// How long rank 0 goes on telling those who come late what was wrong.
constexpr std::chrono::milliseconds kTellTheLate = 5s;
/// How long a connection to rank 0 may be silent before it has said who it is.
constexpr std::chrono::milliseconds kSilence = 5s;
/// Connections that have not said yet who they are; more are closed.
constexpr size_t kMostStrangers = 256;

/// Equal for processes of one machine, different for others.
std::string machineName() {
  char name[256] = {};
  (void)gethostname(name, sizeof(name) - 1);
  std::ifstream boot("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(boot, id);
  return std::string(name) + " " + id;
}

std::string plural(const std::vector<int> &ranks) {
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (size_t i = 0; i < ranks.size() && i < 8; ++i)
    text += (i ? ", " : "") + std::to_string(ranks[i]);
  return text + (ranks.size() > 8 ? " and " + std::to_string(ranks.size() - 8) + " more" : "");
}

std::string milliseconds(std::chrono::milliseconds time) {
  return std::to_string(time.count()) + " ms";
}

/// Connections that came in and have not said yet who they are.
class Strangers {
public:
  /// `silence`: how long each may say nothing.
  explicit Strangers(std::chrono::milliseconds silence) : silence_(silence) {}

  /// Adds what poll must look at.
  void addTo(std::vector<pollfd> &waits) const {
    for (const Stranger &stranger : strangers_)
      waits.push_back({stranger.socket.fd(), POLLIN, 0});
  }
  /// Takes new connections, and gives every whole message to `said` with its connection.
  template <typename Said> void serve(const Socket &listener, Said said) {
    while (Socket socket = acceptFrom(listener)) {
      if (strangers_.size() == kMostStrangers)
        strangers_.pop_front();
      strangers_.push_back({std::move(socket), {}, Patience(silence_)});
    }
    for (auto it = strangers_.begin(); it != strangers_.end();) {
      auto state = it->reader.read(it->socket);
      if (state == MessageReader::State::More && !it->patience.over()) {
        ++it;
        continue;
      }
      // Whatever is no message is no rank: it is ignored, and it may be a rank that tries again.
      if (state == MessageReader::State::Complete)
        said(std::move(it->socket), it->reader.message());
      it = strangers_.erase(it);
    }
  }

private:
  struct Stranger {
    Socket socket;
    MessageReader reader;
    Patience patience;
  };
  const std::chrono::milliseconds silence_;
  std::list<Stranger> strangers_;
};

void tell(const Socket &socket, std::span<const std::byte> message) {
  // Who doesn't take it is gone, which shows later.
  Patience patience(1s);
  (void)sendMessage(socket, message, patience);
}

/// Rank 0's side, until it knows all ranks.
class Reception {
public:
  Reception(BootstrapOptions &options, const Socket &listener)
      : options_(options), listener_(listener), ranks_(options.self.worldSize) {}

  Result<Welcome> run() {
    failure_ = checkAgreement(options_.self, options_.self);
    Patience patience(options_.timeout);
    while (failure_.ok() && !allAreThere()) {
      serve(patience.slice());
      if (!patience.over() || missing().empty())
        continue;
      std::vector<int> late = missing();
      failure_ = Status(Code::Unavailable,
                        plural(late) + " of " + std::to_string(ranks_.size()) +
                            " did not come to rank 0 within " + milliseconds(options_.timeout),
                        "--timeout sets how long ranks wait for each other");
    }
    if (!failure_.ok())
      return refuseAll();
    return welcomeAll();
  }

  /// By rank; none for rank 0.
  std::vector<Socket> takeControls() {
    std::vector<Socket> controls;
    for (Place &place : ranks_)
      controls.push_back(std::move(place.control));
    return controls;
  }

private:
  struct Place {
    Socket control;
    Hello hello;
    bool told = false; ///< what was wrong
  };

  /// Also looks whether one that had come has left again.
  bool allAreThere() {
    if (missing().empty())
      serve(0);
    return missing().empty();
  }

  std::vector<int> missing() const {
    std::vector<int> result;
    for (size_t rank = 1; rank < ranks_.size(); ++rank)
      if (!ranks_[rank].control)
        result.push_back(static_cast<int>(rank));
    return result;
  }

  void serve(int milliseconds) {
    std::vector<pollfd> waits{{listener_.fd(), POLLIN, 0}};
    strangers_.addTo(waits);
    for (const Place &place : ranks_)
      if (place.control)
        waits.push_back({place.control.fd(), POLLIN, 0});
    poll(waits.data(), waits.size(), milliseconds);
    for (Place &place : ranks_) {
      // A rank says nothing more before it is answered: it is gone. It may come again.
      MessageReader reader;
      if (place.control && reader.read(place.control) != MessageReader::State::More)
        place.control.close();
    }
    strangers_.serve(listener_, [this](Socket socket, std::span<const std::byte> message) {
      takeHello(std::move(socket), message);
    });
  }

  void takeHello(Socket socket, std::span<const std::byte> message) {
    Result<MessageHeader> header = parseHeader(message);
    Result<Hello> hello = parseHello(message);
    if (!hello.ok()) {
      // Of another version it is a rank all the same; anything else is not.
      if (header.ok() && header->type == MessageType::Hello &&
          header->version != kProtocolVersion) {
        fail(Status(Code::InvalidInput,
                    "a rank at " + peerName(socket) + " speaks version " +
                        std::to_string(header->version) +
                        " of tpc's protocol between ranks, and rank 0 version " +
                        std::to_string(kProtocolVersion),
                    "all ranks must run the same tpc"));
        tell(socket, encode(MessageType::Reject, failure_));
      }
      return;
    }
    if (Status status = checkAgreement(options_.self, *hello); !status.ok())
      fail(std::move(status));
    else if (hello->rank == 0 || ranks_[hello->rank].control)
      fail(Status(Code::InvalidInput,
                  "two processes say that they are rank " + std::to_string(hello->rank) +
                      (hello->rank == 0 ? ", one of them at " + peerName(socket)
                                        : ", at " + peerName(ranks_[hello->rank].control) +
                                              " and at " + peerName(socket)),
                  "every process needs a rank of its own"));
    if (!failure_.ok()) {
      tell(socket, encode(MessageType::Reject, failure_));
      if (hello->rank < ranks_.size())
        ranks_[hello->rank].told = true;
      lateComers_.push_back(std::move(socket));
      return;
    }
    ranks_[hello->rank].control = std::move(socket);
    ranks_[hello->rank].hello = std::move(*hello);
  }

  void fail(Status status) {
    if (failure_.ok())
      failure_ = std::move(status);
  }

  Status refuseAll() {
    for (Place &place : ranks_)
      if (place.control) {
        tell(place.control, encode(MessageType::Reject, failure_));
        place.told = true;
        lateComers_.push_back(std::move(place.control));
      }
    auto allTold = [&] {
      return std::all_of(ranks_.begin() + 1, ranks_.end(), [](const Place &p) { return p.told; });
    };
    Patience patience(std::min(options_.timeout, kTellTheLate));
    while (!allTold() && !patience.over())
      serve(patience.slice());
    return failure_;
  }

  Welcome welcomeAll() {
    Welcome welcome;
    // Without random numbers the key keeps out strangers by accident only.
    (void)getrandom(welcome.key.data(), welcome.key.size(), 0);
    std::map<std::string, uint32_t> machines{{options_.self.host, 0}};
    welcome.peers.push_back({"", options_.port, 0});
    for (size_t rank = 1; rank < ranks_.size(); ++rank) {
      const Place &place = ranks_[rank];
      uint32_t machine =
          machines.emplace(place.hello.host, static_cast<uint32_t>(machines.size())).first->second;
      welcome.peers.push_back({peerAddress(place.control), place.hello.linkPort, machine});
    }
    for (size_t rank = 1; rank < ranks_.size(); ++rank)
      tell(ranks_[rank].control, encode(welcome));
    return welcome;
  }

  BootstrapOptions &options_;
  const Socket &listener_;
  std::vector<Place> ranks_;
  Strangers strangers_{kSilence};
  std::vector<Socket> lateComers_; ///< closed when all have read why
  Status failure_;
};

/// The other ranks' side: comes to rank 0, again and again while it is not there.
Result<Welcome> join(const BootstrapOptions &options, Socket &control) {
  const std::vector<std::byte> hello = encode(options.self);
  std::string where = "rank 0 at " + options.host + ":" + std::to_string(options.port);
  Status problem(Code::Unavailable, "nobody answered");
  std::chrono::milliseconds pause = 10ms;
  Patience patience(options.timeout);
  do {
    Result<Socket> socket = connectTo(options.host, options.port, 2s);
    if (!socket.ok()) {
      problem = socket.status();
    } else if (Status sent = sendMessage(*socket, hello, patience); !sent.ok()) {
      problem = sent;
    } else {
      // Rank 0 waits for the others for as long as we do, and may have come later.
      Patience answer(options.timeout + kTellTheLate);
      MessageReader reader;
      MessageReader::State state;
      while ((state = reader.read(*socket)) == MessageReader::State::More && !answer.over()) {
        pollfd ready{socket->fd(), POLLIN, 0};
        poll(&ready, 1, answer.slice());
      }
      if (state == MessageReader::State::Complete) {
        if (Result<Reason> reason = parseReason(reader.message()); reason.ok())
          return reason->status;
        TPC_ASSIGN_OR_RETURN(Welcome welcome, parseWelcome(reader.message()));
        if (welcome.peers.size() != options.self.worldSize)
          return Status(Code::Internal, where + " knows another number of ranks");
        control = std::move(*socket);
        return welcome;
      }
      problem = Status(Code::Unavailable, state == MessageReader::State::More ? "it does not answer"
                                          : state == MessageReader::State::Closed
                                              ? "it closed the connection"
                                              : "what listens there is no tpc");
    }
    std::this_thread::sleep_for(pause);
    pause = std::min<std::chrono::milliseconds>(2 * pause, 500ms);
  } while (!patience.over());
  return Status(Code::Unavailable,
                "rank " + std::to_string(options.self.rank) + " could not reach " + where +
                    " within " + milliseconds(options.timeout) + ": " + problem.message(),
                "is rank 0 running, and are MASTER_ADDR and MASTER_PORT right on all ranks?");
}

/// Connects this rank with all that it exchanges data with.
class Linking {
public:
  Linking(const BootstrapOptions &options, const Welcome &welcome, const Socket &listener,
          const std::vector<Socket> &controls)
      : options_(options), welcome_(welcome), listener_(listener), controls_(controls),
        readers_(controls.size()), rank_(static_cast<int>(options.self.rank)),
        links_(welcome.peers.size()) {}

  Result<std::vector<Socket>> run() {
    for (int rank = 0; rank < rank_; ++rank)
      if (areLinked(options_.mesh, rank, rank_)) {
        TPC_ASSIGN_OR_RETURN(links_[rank], connect(rank));
      }
    Patience patience(options_.timeout);
    while (!missing().empty() || insideMessage()) {
      TPC_RETURN_IF_ERROR(serve(patience.slice()));
      if (patience.over() && !missing().empty())
        return Status(Code::Unavailable, plural(missing()) + " did not connect to rank " +
                                             std::to_string(rank_) + " within " +
                                             milliseconds(options_.timeout));
    }
    for (const Socket &link : links_)
      if (link)
        setSendBuffer(link, options_.sendBufferBytes);
    return std::move(links_);
  }

private:
  Result<Socket> connect(int rank) {
    const Peer &peer = welcome_.peers[rank];
    // A rank that reached rank 0 by a loopback address is on its machine.
    std::string host = rank == 0 || isLoopback(peer.address) ? options_.host : peer.address;
    Result<Socket> socket = connectTo(host, peer.linkPort, options_.timeout);
    Patience patience(options_.timeout);
    Status status = socket.status();
    if (status.ok())
      status = sendMessage(*socket, encode(Link{welcome_.key, options_.self.rank}), patience);
    if (!status.ok())
      return Status(Code::Unavailable, "rank " + std::to_string(rank_) + " could not reach rank " +
                                           std::to_string(rank) + " at " + host + ":" +
                                           std::to_string(peer.linkPort) + ": " + status.message());
    return socket;
  }

  std::vector<int> missing() const {
    std::vector<int> result;
    for (size_t rank = rank_ + 1; rank < links_.size(); ++rank)
      if (!links_[rank] && areLinked(options_.mesh, rank_, static_cast<int64_t>(rank)))
        result.push_back(static_cast<int>(rank));
    return result;
  }

  Status serve(int milliseconds) {
    std::vector<pollfd> waits{{listener_.fd(), POLLIN, 0}};
    strangers_.addTo(waits);
    size_t firstControl = waits.size();
    for (const Socket &control : controls_)
      waits.push_back({control.fd(), POLLIN, 0});
    poll(waits.data(), waits.size(), milliseconds);
    for (size_t i = 0; i < controls_.size(); ++i)
      if (controls_[i] && waits[firstControl + i].revents)
        TPC_RETURN_IF_ERROR(heed(i));
    strangers_.serve(listener_, [this](Socket socket, std::span<const std::byte> message) {
      if (parseHello(message).ok()) {
        tell(socket, encode(MessageType::Reject,
                            Status(Code::InvalidInput, "all ranks of this run are there already",
                                   "every process needs a rank of its own")));
        return;
      }
      Result<Link> link = parseLink(message);
      // Only this run's ranks know its key.
      if (link.ok() && link->key == welcome_.key && static_cast<int>(link->rank) > rank_ &&
          link->rank < links_.size() && areLinked(options_.mesh, rank_, link->rank))
        links_[link->rank] = std::move(socket);
    });
    return Status();
  }

  /// A control connection has something: the run is over, or a rank that is ahead shows its life.
  Status heed(size_t i) {
    std::string who = "rank " + std::to_string(rank_ == 0 ? i : 0);
    for (;;) {
      switch (readers_[i].read(controls_[i])) {
      case MessageReader::State::More:
        return Status();
      case MessageReader::State::Complete:
        if (Result<Reason> reason = parseReason(readers_[i].message()); reason.ok())
          return reason->status;
        readers_[i].next();
        continue;
      case MessageReader::State::Closed:
      case MessageReader::State::Garbage:
        return Status(Code::RankFailed, who + " ended while the ranks connected to each other");
      }
    }
  }

  /// Whether a part of a message was read, whose rest nobody would understand later.
  bool insideMessage() const {
    return std::any_of(readers_.begin(), readers_.end(),
                       [](const MessageReader &reader) { return !reader.message().empty(); });
  }

  const BootstrapOptions &options_;
  const Welcome &welcome_;
  const Socket &listener_;
  const std::vector<Socket> &controls_;
  std::vector<MessageReader> readers_;
  const int rank_;
  std::vector<Socket> links_;
  /// Ranks say on a link who they are once, and do not try again.
  Strangers strangers_{options_.timeout};
};

} // namespace

bool tcp::areLinked(const Mesh &mesh, int64_t a, int64_t b) {
  if (a == b)
    return false;
  if (a == 0 || b == 0)
    return true;
  int differing = 0;
  for (size_t axis = 0; axis < mesh.axes.size(); ++axis)
    differing += mesh.coordinate(a, static_cast<AxisId>(axis)) !=
                 mesh.coordinate(b, static_cast<AxisId>(axis));
  return differing == 1;
}

Result<Connected> tcp::bootstrap(BootstrapOptions options) {
  Hello &self = options.self;
  if (self.host.empty())
    self.host = machineName();
  bool root = self.rank == 0;
  // What is to be reached from this machine alone is not open to others.
  std::string address = options.host == "localhost" ? "127.0.0.1"
                        : isLoopback(options.host)  ? options.host
                                                    : "";
  Connected connected;
  if (root && options.listener) {
    connected.listener = std::move(options.listener);
  } else {
    TPC_ASSIGN_OR_RETURN(connected.listener, listenOn(address, root ? options.port : 0));
  }
  Welcome welcome;
  if (root) {
    options.port = portOf(connected.listener);
    Reception reception(options, connected.listener);
    TPC_ASSIGN_OR_RETURN(welcome, reception.run());
    connected.control = reception.takeControls();
  } else {
    self.linkPort = portOf(connected.listener);
    connected.control.resize(1);
    TPC_ASSIGN_OR_RETURN(welcome, join(options, connected.control[0]));
  }
  connected.ranksOnThisMachine = static_cast<int>(
      std::count_if(welcome.peers.begin(), welcome.peers.end(),
                    [&](const Peer &peer) { return peer.host == welcome.peers[self.rank].host; }));
  Linking linking(options, welcome, connected.listener, connected.control);
  Result<std::vector<Socket>> links = linking.run();
  if (!links.ok()) {
    // Rank 0 says it to all, and whoever is not rank 0 says it to rank 0.
    for (const Socket &control : connected.control)
      if (control)
        tell(control, encode(MessageType::Abort, links.status()));
    return links.status();
  }
  connected.links = std::move(*links);
  if (!root)
    connected.listener.close();
  return connected;
}
