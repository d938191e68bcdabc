// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: not tpc run %t.plan --output logits=l.safetensors 2>&1 | FileCheck %s

// An output that the entry lacks.

// CHECK: error: --output names 'logits', which is no output of entry 'train'
// CHECK-NEXT: hint: its outputs: 
