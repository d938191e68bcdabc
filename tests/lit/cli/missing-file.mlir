// REQUIRES: tpc
// RUN: not tpc run %t.nope.plan 2>&1 | FileCheck %s

// A plan that is not there.

// CHECK: tpc: error: cannot open '{{.*}}nope.plan': No such file or directory
