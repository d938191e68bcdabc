// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: tpc inspect %t.plan --view memory --format json | python3 -m json.tool | FileCheck %s

// What a rank allocates, by arena, and the largest buffers of each; for programs, the same.

// CHECK: "arenas": [
// CHECK: "kind": "parameters"
// CHECK-NEXT: "bytes": 65536
// CHECK: "name": "fc1"
// CHECK-NEXT: "offset": 0
// CHECK-NEXT: "bytes": 32768
// CHECK-NEXT: "shape": "64x128xf32"
