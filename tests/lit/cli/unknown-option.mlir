// REQUIRES: tpc, tpc-compile
// RUN: not tpc compile %models/mlp.mlir --ttp 2 2>&1 | FileCheck %s

// An option that does not exist.

// CHECK: error: unknown option '--ttp'
// CHECK-NEXT: hint: did you mean '--tp'?
