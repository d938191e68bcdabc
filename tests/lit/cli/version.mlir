// REQUIRES: tpc
// RUN: tpc --version | FileCheck %s
// RUN: tpc compile %S/../../../models/mlp.mlir -o %t.plan
// RUN: tpc --version > %t.both && tpc inspect %t.plan --format json >> %t.both
// RUN: FileCheck %s --check-prefix=PLAN < %t.both

// The version is that of the plans that this tpc writes, and so is their format.

// CHECK: {{^}}tpc {{[0-9]+\.[0-9]+\.[0-9]+}}, plan format {{[0-9]+$}}

// PLAN: tpc [[VERSION:[0-9.]+]], plan format [[FORMAT:[0-9]+]]
// PLAN: "format_version": [[FORMAT]], "compiler": "[[VERSION]]"
