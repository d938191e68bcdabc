// REQUIRES: tpc, tpc-compile
// RUN: not tpc compile %models/mlp.mlir --tp 2 --shard "fc1=[{pp}, {}]" 2>&1 | FileCheck %s

// A constraint on an axis that the mesh lacks.

// CHECK: mlp.mlir:13:3: error: the constraint 'fc1=[{pp}, {}]' names the axis 'pp', but the mesh has tp=2
