// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: tpc run %t.plan --init torch --seed 1234 --steps 2 --log-json - 2>/dev/null | FileCheck %s

// One object a line for each step, and nothing else, on standard output.

// CHECK: {"step": 1, "loss": {{-?[0-9.e+-]+}},{{.*}}"seconds": {{[0-9.e-]+}}{{.*}}}
// CHECK-NEXT: {"step": 2, "loss": {{.*}}}
// CHECK-NOT: {{.}}
