//===- Communicator.h - The four collectives of one rank along one axis -------------------===//
//
// A rank has one communicator per mesh axis. Every rank of the group calls the same collectives in
// the same order; results are bit-equal on all ranks and from run to run: reductions go in
// ascending order of the rank's coordinate. Implementations: local (ranks are threads of one
// process, or one thread drives them all: lockstep), tcp, nccl (which reduces in NCCL's order, and
// repeats only if it was asked to be deterministic).
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Cost.h"
#include "algebra/Sharding.h"
#include "runtime/device/Device.h"
#include "runtime/support/Status.h"

#include <span>

namespace tpc {

/// One tensor of a collective, seen as [outer, mid, inner] on one rank: the input of all_gather,
/// the output of reduce_scatter, both sides of all_reduce, the input of all_to_all. all_gather puts
/// element (i, j, k) of coordinate c at [i, c * mid + j, k] of an output [outer, n * mid, inner];
/// reduce_scatter is the inverse with a sum. all_to_all sends part c of `inner`, which is n equal
/// parts, to coordinate c, whose output is [outer, n * mid, inner / n], one sender behind the
/// other; `outward` it is the inverse: part c of `mid` goes to coordinate c, and the output is
/// [outer, mid / n, n * inner].
struct CollectiveTensor {
  const void *input;
  void *output; ///< may equal input for all_reduce
  int64_t outer, mid, inner;
  DType dtype;
  /// Where all ranks share one GPU: reduces their n inputs, in ascending order, into the n outputs
  /// of an all_reduce; of a reduce_scatter, into one output or all of them (PartLaunches.h).
  const Kernel *kernel = nullptr;
  bool outward = false; ///< of all_to_all
};

struct CollectiveCall {
  CollectiveKind kind;
  ReduceKind reduce = ReduceKind::Sum;
  std::span<const CollectiveTensor> tensors; ///< one rendezvous for all of them
  uint32_t sequence = 0; ///< position in the total order; compared between ranks
};

/// "all_reduce of 2 tensor(s), number 7", for messages.
std::string describe(const CollectiveCall &call);
/// Whether two ranks mean the same collective.
bool agree(const CollectiveCall &a, const CollectiveCall &b);

class Communicator {
public:
  virtual ~Communicator() = default;
  virtual int size() const = 0;
  virtual int coordinate() const = 0;
  /// Work that is enqueued on `stream` afterwards sees this rank's outputs and may overwrite its
  /// inputs; on cpu the call blocks until then. Fails within seconds once any rank aborts.
  virtual Status run(const CollectiveCall &call, Stream stream) = 0;
  /// What has become of the calls that were enqueued; asked while they run.
  virtual Status check() { return Status(); }
  /// Makes all pending and future calls of all ranks fail with `reason`. Any thread may call it.
  virtual void abort(const Status &reason) = 0;
};

} // namespace tpc
