// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: not tpc run %t.plan --entry predict 2>&1 | FileCheck %s

// An entry that the plan lacks: the message lists those that it has.

// CHECK: error: the plan has no entry 'predict'
// CHECK-NEXT: hint: its entries: loss, train
