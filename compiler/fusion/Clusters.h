//===- Clusters.h - Which ops become one kernel --------------------------------------------===//
//
// The decision of fusion, made before anything is changed. Ops are taken in program order; each
// joins the kernel that saves the most memory traffic among those where it is legal, or starts one.
// What is widened for an op comes with it.
//
// Every kernel has a place in the program: that of its last op, or of an earlier one that later ops
// were moved up to. A kernel is legal there if all that it reads is made before its place and all
// that it makes is read after; so no cycle can arise, and no search for one is needed.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

#include <vector>

namespace tpc {

struct Cluster {
  std::vector<mlir::Operation *> ops; ///< in program order
  mlir::Operation *place = nullptr;   ///< one of ops: where the kernel stands
};

/// The kernels of an entry, ordered by place. Every op that has a body is in one, of at most
/// `mostOps` ops.
std::vector<Cluster> formClusters(nn::EntryOp entry, unsigned mostOps);

} // namespace tpc
