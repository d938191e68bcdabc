// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: not tpc run %t.plan --init xavier 2>&1 | FileCheck %s

// An initialiser that does not exist.

// CHECK: tpc: error: option '--init': 'xavier' is none of philox, torch
