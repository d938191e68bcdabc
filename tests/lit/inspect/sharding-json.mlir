// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: tpc inspect %t.plan --view sharding --format json | python3 -m json.tool | FileCheck %s

// Where each parameter, state, input and output is held; for programs, the same.

// CHECK: "role": "parameter"
// CHECK-NEXT: "name": "fc1"
// CHECK-NEXT: "dtype": "f32"
// CHECK: "local_shape": [
// CHECK-NEXT: 64
// CHECK-NEXT: 128
// CHECK: "sharding": "[{\"tp\"}, {}]"
