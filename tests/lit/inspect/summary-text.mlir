// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: tpc inspect %t.plan --view summary | FileCheck %s

// What a plan is of, what it needs and what it does

// CHECK: model         mlp (hash {{[0-9a-f]+}})
// CHECK-NEXT: plan hash     {{[0-9a-f]+}}
// CHECK: target        cpu, f32
// CHECK-NEXT: mesh          tp=2 (2 ranks)
// CHECK: parameters    2 tensors, 32768 elements
// CHECK: entry loss
// CHECK-NEXT: instructions {{[0-9]+}}: 1 all_reduce, 2 gemm
// CHECK: entry train
// CHECK-NEXT: instructions {{[0-9]+}}: 1 all_reduce, 5 gemm
// CHECK-NEXT: collectives 1, 4 B sent by each rank
