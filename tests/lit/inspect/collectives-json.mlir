// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: tpc inspect %t.plan --view collectives --format json | python3 -m json.tool | FileCheck %s

// Each collective: what it moves, for which op, and why; for programs, the same.

// CHECK: "loss": [
// CHECK: "kind": "all_reduce"
// CHECK-NEXT: "reduce": "sum"
// CHECK-NEXT: "axis": "tp"
// CHECK-NEXT: "phase": "forward"
// CHECK-NEXT: "tensors": "f32 x 1024"
// CHECK-NEXT: "wire_bytes": 4096
// CHECK: "why": "nn.sum takes operand 0 replicated on tp
