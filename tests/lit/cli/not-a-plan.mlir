// REQUIRES: tpc
// RUN: not tpc run %s 2>&1 | FileCheck %s

// A file that is no plan.

// CHECK: tpc: error: plan '{{.*}}not-a-plan.mlir': this is not a plan file
// CHECK-NEXT: hint: tpc compile MODEL.mlir -o OUT.plan makes one
