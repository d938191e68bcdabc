// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: tpc inspect %t.plan --view instructions --format json | python3 -m json.tool | FileCheck %s

// The program of a rank, with what each instruction reads and writes; for programs, the same.

// CHECK: "loss": [
// CHECK: "name": "linear"
// CHECK-NEXT: "kind": "gemm"
// CHECK-NEXT: "phase": "forward"
// CHECK: "location": "mlp.mlir:19:{{[0-9]+}}"
