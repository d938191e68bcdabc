// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 --shard "fc1=[{}, {tp}]" --stop-after sharded | FileCheck %s

// A constraint is honoured: the rows of fc1 instead of its columns.

// CHECK: nn.parameter @fc1 : tensor<128x128xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>
