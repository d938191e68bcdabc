// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: tpc inspect %t.plan --view cost --format json | python3 -m json.tool | FileCheck %s

// Where the predicted time goes, by phase and by place in the model; for programs, the same.

// CHECK: "loss": {
// CHECK: "phase": "forward"
// CHECK: "kind": "gemm"
// CHECK-NEXT: "instructions": 2
// CHECK-NEXT: "flops": 262144
