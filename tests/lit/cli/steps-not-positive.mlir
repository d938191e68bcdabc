// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: not tpc run %t.plan --steps 0 2>&1 | FileCheck %s

// Steps are counted from one.

// CHECK: tpc: error: option '--steps': '0' is not a whole number from 1 to
