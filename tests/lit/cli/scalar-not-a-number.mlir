// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: not tpc run %t.plan --set lr=fast 2>&1 | FileCheck %s

// A value that is no number.

// CHECK: error: option '--set': 'fast' is not a finite number for 'lr'
