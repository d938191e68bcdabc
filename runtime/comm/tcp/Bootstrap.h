//===- Bootstrap.h - How rank processes find each other --------------------------------------===//
//
// Rank 0 listens where everyone knows. Each other rank comes, as soon as rank 0 is there, and says
// what it is going to run; rank 0 compares, and tells all of them either where the others are or
// what is wrong, in one sentence. Then every two ranks that have something to say to each other
// connect. Whatever else connects to the port is ignored.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Mesh.h"
#include "runtime/comm/tcp/Handshake.h"
#include "runtime/comm/tcp/Socket.h"

namespace tpc::tcp {

struct BootstrapOptions {
  Hello self; ///< rank, world size, and what must agree; the rest is filled in
  Mesh mesh;
  std::string host; ///< where rank 0 listens
  uint16_t port = 0;
  Socket listener; ///< on rank 0: already listening there, if it is valid
  std::chrono::milliseconds timeout = std::chrono::seconds(60);
  int sendBufferBytes = 0; ///< of links, for tests of short writes; 0: what the kernel likes
};

struct Connected {
  Socket listener; ///< on rank 0
  /// To watch each other: on rank 0 one to every rank, on the others one to rank 0.
  std::vector<Socket> control;
  /// For data, by rank: to rank 0 and to all ranks that this one has a line in common with.
  std::vector<Socket> links;
  int ranksOnThisMachine = 1;
};

Result<Connected> bootstrap(BootstrapOptions options);

/// Whether ranks exchange data directly: one of them is rank 0, or they differ on one axis alone.
bool areLinked(const Mesh &mesh, int64_t a, int64_t b);

} // namespace tpc::tcp
