// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: tpc inspect %t.plan --view instructions | FileCheck %s

// The program of a rank, with what each instruction reads and writes

// CHECK: entry loss
// CHECK: 0 {{.*}}gemm {{ *}}linear {{ *}}x fc1 >loss/linear
// CHECK: all_reduce {{.*}}loss/linear >loss/linear
// CHECK: entry train
// CHECK: kernel {{ *}}fc2: adam {{ *}}<>fc2 train/linear_weight_grad <>fc2.m <>fc2.v lr step
// CHECK: kernel {{ *}}fc1: adam
