// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: not tpc run %t.plan --data %s 2>&1 | FileCheck %s

// Tokens for a model that reads none.

// CHECK: tpc: error: --data has no effect: no input of entry 'train' is fed from a stream of tokens
