// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: tpc inspect %t.plan --view collectives | FileCheck %s

// Each collective: what it moves, for which op, and why

// CHECK: entry loss: 1 collectives, 4.0 KiB sent by each rank
// CHECK: all_reduce  tp    forward  f32 x 1024 {{ *}}4096 {{.*}}mlp.mlir:22:{{[0-9]+}}  nn.sum takes operand 0 replicated on tp: least predicted time
// CHECK: entry train: 1 collectives
