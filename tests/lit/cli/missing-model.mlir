// REQUIRES: tpc, tpc-compile
// RUN: not tpc compile %t.nope.mlir 2>&1 | FileCheck %s

// A model that is not there.

// CHECK: error: cannot read '{{.*}}nope.mlir': No such file or directory
