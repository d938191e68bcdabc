//===- TcpGroups.cpp - Groups of tcp ranks inside one test process ---------------------------===//

#include "TcpGroups.h"

#include <gtest/gtest.h>

#include <thread>

using namespace tpc;
using namespace tpc::test;

std::vector<std::unique_ptr<ProcessGroup>>
tpc::test::makeTcpGroups(const Mesh &mesh, std::chrono::milliseconds timeout, int bufferBytes) {
  Result<tcp::Socket> listener = tcp::listenOn("127.0.0.1", 0);
  EXPECT_TRUE(listener.ok()) << listener.status().message();
  const uint16_t port = tcp::portOf(*listener);
  const auto size = static_cast<uint32_t>(mesh.numRanks());
  std::vector<std::unique_ptr<ProcessGroup>> groups(size);
  std::vector<std::thread> threads;
  for (uint32_t rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      tcp::TcpGroupOptions options;
      options.bootstrap.self.rank = rank;
      options.bootstrap.self.worldSize = size;
      options.bootstrap.mesh = mesh;
      options.bootstrap.host = "127.0.0.1";
      options.bootstrap.port = port;
      options.bootstrap.timeout = timeout;
      options.bootstrap.sendBufferBytes = bufferBytes;
      if (rank == 0)
        options.bootstrap.listener = std::move(*listener);
      Result<std::unique_ptr<ProcessGroup>> group = tcp::joinTcpGroup(std::move(options));
      EXPECT_TRUE(group.ok()) << group.status().message();
      if (group.ok())
        groups[rank] = std::move(*group);
    });
  for (std::thread &thread : threads)
    thread.join();
  return groups;
}
