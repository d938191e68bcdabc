// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: tpc inspect %t.plan --view summary --format json | python3 -m json.tool | FileCheck %s

// What a plan is of, what it needs and what it does; for programs, the same.

// CHECK: "model": "mlp"
// CHECK: "precision": "f32"
// CHECK: "mesh": {
// CHECK-NEXT: "tp": 2
// CHECK: "parameter_tensors": 2
// CHECK-NEXT: "parameter_elements": 32768
// CHECK: "padding": []
