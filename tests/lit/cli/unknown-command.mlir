// REQUIRES: tpc
// RUN: not tpc complie 2>&1 | FileCheck %s

// A command that does not exist.

// CHECK: tpc: error: unknown command 'complie'
// CHECK-NEXT: hint: tpc --help lists the commands
