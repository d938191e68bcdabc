// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: tpc inspect %t.plan --view cost | FileCheck %s

// Where the predicted time goes, by phase and by place in the model

// CHECK: entry loss, one rank, one step:
// CHECK: forward  gemm {{ *}}2  262144
// CHECK: entry train, one rank, one step:
// CHECK: backward  gemm {{ *}}3  393216
// CHECK: update    kernel {{ *}}2  262144
// CHECK: fc1 {{ *}}1  131072
// CHECK-NEXT: fc2 {{ *}}1  131072
