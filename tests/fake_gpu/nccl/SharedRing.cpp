//===- SharedRing.cpp - Memory that the ranks of a fake communicator share ----------------===//

#include "tests/fake_gpu/nccl/SharedRing.h"

#include <chrono>
#include <fcntl.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

using namespace tpc::fake_gpu;
using namespace std::chrono_literals;

/// One page for the header.
constexpr size_t kHeaderBytes = 4096;

size_t SharedRing::bytesOf(int ranks) {
  return kHeaderBytes + kSlotBytes * static_cast<size_t>(ranks);
}

std::unique_ptr<SharedRing> SharedRing::open(const std::string &name, int ranks, int rank) {
  // New memory of the system is zero, which is what the header begins with.
  int file = shm_open(name.c_str(), O_RDWR | O_CREAT, 0600);
  if (file < 0)
    return nullptr;
  void *memory = MAP_FAILED;
  if (ftruncate(file, static_cast<off_t>(bytesOf(ranks))) == 0)
    memory = mmap(nullptr, bytesOf(ranks), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (memory == MAP_FAILED)
    return nullptr;
  std::unique_ptr<SharedRing> ring(new SharedRing(name, ranks, rank, memory));
  // Once all have it, its name is free again.
  if (ring->header().opened.fetch_add(1) + 1 == ranks)
    shm_unlink(name.c_str());
  return ring;
}

SharedRing::~SharedRing() { munmap(memory_, bytesOf(ranks_)); }

bool SharedRing::complete() const { return header().opened.load() == ranks_; }

std::byte *SharedRing::slot(int rank) const {
  return static_cast<std::byte *>(memory_) + kHeaderBytes + kSlotBytes * static_cast<size_t>(rank);
}

bool SharedRing::meet() {
  if (isAborted())
    return false;
  Header &h = header();
  uint32_t meeting = h.meetings.load();
  if (h.here.fetch_add(1) + 1 == ranks_) {
    h.here.store(0);
    h.meetings.fetch_add(1);
    return true;
  }
  auto start = std::chrono::steady_clock::now();
  while (h.meetings.load() == meeting) {
    if (isAborted() || std::chrono::steady_clock::now() - start > 10s)
      return false;
    std::this_thread::sleep_for(20us);
  }
  return true;
}
