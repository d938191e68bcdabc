// REQUIRES: tpc, tpc-compile
// RUN: not tpc compile %models/mlp.mlir --tp 2 --shard 'fc1=[{tp}, {}]' --shard 'fc*=[{}, {tp}]' 2>&1 | FileCheck %s
// RUN: not tpc compile %models/mlp.mlir --tp 2 --shard 'fc1=[{tp}, {tp}]' 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not tpc compile %models/mlp.mlir --tp 2 --shard 'fc1=[{tp, "tp"}, {}]' 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: tpc compile %models/mlp.mlir --tp 2 --shard 'fc1=[{tp}, {}]' --shard 'fc1*=[{tp}, {}]' -o %t.plan

// One tensor can be held in one way. Which constraint would win is not for the compiler to guess.

// CHECK: mlp.mlir:13:3: error: the constraints 'fc1=[{tp}, {}]' and 'fc*=[{}, {tp}]' contradict each other on 'fc1'
// CHECK-NEXT: hint: make their patterns match different names
// TWICE: error: --shard 'fc1=[{{.*}}': the axis 'tp' stands twice, and can split a tensor but once
// TWICE-NEXT: hint: --shard
