//===- SharedRing.h - Memory that the ranks of a fake communicator share ------------------===//
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace tpc::fake_gpu {

/// A slot of memory for each rank, in all their processes. Ranks write theirs, meet, read what the
/// others wrote, and meet again.
class SharedRing {
public:
  static constexpr size_t kSlotBytes = size_t(1) << 20;

  /// `name` is the ring's in the system; null if memory can't be shared. All ranks open it.
  static std::unique_ptr<SharedRing> open(const std::string &name, int ranks, int rank);
  ~SharedRing();
  SharedRing(const SharedRing &) = delete;

  int ranks() const { return ranks_; }
  int rank() const { return rank_; }
  const std::string &name() const { return name_; }
  /// Whether all have opened it.
  bool complete() const;
  std::byte *slot(int rank) const;
  /// False if somebody has not come for a long time, or this rank has given up.
  bool meet();
  /// Gives up: this rank waits for nobody any more.
  void abort() { aborted_.store(true); }
  bool isAborted() const { return aborted_.load(); }

private:
  struct Header {
    std::atomic<int> opened, here;
    std::atomic<uint32_t> meetings;
  };
  SharedRing(std::string name, int ranks, int rank, void *memory)
      : name_(std::move(name)), ranks_(ranks), rank_(rank), memory_(memory) {}
  Header &header() const { return *static_cast<Header *>(memory_); }
  static size_t bytesOf(int ranks);

  std::string name_;
  int ranks_, rank_;
  void *memory_;
  std::atomic<bool> aborted_{false};
};

} // namespace tpc::fake_gpu
