//===- TcpGroups.cpp - Groups of tcp ranks inside one test process ---------------------------===//

#include "TcpGroups.h"

#include <gtest/gtest.h>

#include <thread>

using namespace tpc;
using namespace tpc::test;

JoinedGroups tpc::test::joinOnThreads(
    const Mesh &mesh, std::chrono::milliseconds timeout,
    const std::function<Result<std::unique_ptr<ProcessGroup>>(tcp::TcpGroupOptions)> &join) {
  Result<tcp::Socket> listener = tcp::listenOn("127.0.0.1", 0);
  EXPECT_TRUE(listener.ok()) << listener.status().message();
  const uint16_t port = tcp::portOf(*listener);
  const auto size = static_cast<uint32_t>(mesh.numRanks());
  JoinedGroups groups;
  for (uint32_t rank = 0; rank < size; ++rank)
    groups.push_back(Status(Code::Internal, "never joined"));
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
      if (rank == 0)
        options.bootstrap.listener = std::move(*listener);
      groups[rank] = join(std::move(options));
    });
  for (std::thread &thread : threads)
    thread.join();
  return groups;
}

std::vector<std::unique_ptr<ProcessGroup>>
tpc::test::makeTcpGroups(const Mesh &mesh, std::chrono::milliseconds timeout, int bufferBytes) {
  JoinedGroups joined = joinOnThreads(mesh, timeout, [&](tcp::TcpGroupOptions options) {
    options.bootstrap.sendBufferBytes = bufferBytes;
    return tcp::joinTcpGroup(std::move(options));
  });
  std::vector<std::unique_ptr<ProcessGroup>> groups;
  for (Result<std::unique_ptr<ProcessGroup>> &group : joined) {
    EXPECT_TRUE(group.ok()) << group.status().message();
    groups.push_back(group.ok() ? std::move(*group) : nullptr);
  }
  return groups;
}
