// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: not tpc run %t.plan --input z=z.safetensors 2>&1 | FileCheck %s

// An input that the plan lacks.

// CHECK: tpc: error: --input names 'z', which is no input of entry 'train'
// CHECK-NEXT: hint: its inputs: x
