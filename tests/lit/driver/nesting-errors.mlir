// REQUIRES: tpc-compile
// RUN: not tpc-compile compile %s -o %t.plan 2>&1 | FileCheck %s

// A parser that calls itself must not run out of stack.
// CHECK: error: nesting-errors.mlir:6: brackets are nested more than 200 deep
(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((
