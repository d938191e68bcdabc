// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: not tpc run %t.plan --set momentum=1 2>&1 | FileCheck %s

// A scalar that the plan lacks.

// CHECK: tpc: error: --set names 'momentum', which is no scalar of entry 'train'
// CHECK-NEXT: hint: its scalars: lr
