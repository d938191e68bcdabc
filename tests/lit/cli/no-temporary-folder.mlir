// REQUIRES: tpc
// RUN: env TMPDIR=%t.nowhere not tpc compile %S/../../../models/mlp.mlir -o %t.plan 2>&1 | FileCheck %s

// The linker needs a folder for temporary files; without one nothing is written.
// RUN: not ls %t.plan

// CHECK: {{^}}tpc: error: cannot make a temporary folder for the linker: No such file or directory; TMPDIR says where temporary files go
