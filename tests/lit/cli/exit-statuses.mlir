// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: sh -c "tpc run %t.nope.plan; test $? -eq 1"
// RUN: sh -c "tpc run %t.plan --steps x; test $? -eq 2"
// RUN: tpc --help | FileCheck %s

// What is wrong with the input, and how the command was used, are told apart.

// CHECK: tpc
