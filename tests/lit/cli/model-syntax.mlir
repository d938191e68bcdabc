// REQUIRES: tpc, tpc-compile
// RUN: not tpc compile %s 2>&1 | FileCheck %s

// A model that does not parse is a located error.

// CHECK: model-syntax.mlir:{{[0-9]+:[0-9]+}}: error:
// nn.parameter
