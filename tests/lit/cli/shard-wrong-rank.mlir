// REQUIRES: tpc, tpc-compile
// RUN: not tpc compile %models/mlp.mlir --tp 2 --shard "fc1=[{tp}]" 2>&1 | FileCheck %s

// A constraint of another rank than the tensor.

// CHECK: mlp.mlir:13:3: error: the constraint 'fc1=[{tp}]' has 1 dims, but 'fc1' has 2
