// REQUIRES: tpc
// RUN: not tpc 2>&1 | FileCheck %s

// No command is a usage error that says where the commands are listed.

// CHECK: tpc: error: no command is given
// CHECK-NEXT: hint: tpc --help lists the commands
