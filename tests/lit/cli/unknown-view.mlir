// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: not tpc inspect %t.plan --view colours 2>&1 | FileCheck %s

// A view that does not exist.

// CHECK: tpc: error: option '--view': 'colours' is none of summary, sharding, collectives, memory, cost, instructions
