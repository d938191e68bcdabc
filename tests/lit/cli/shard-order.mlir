// REQUIRES: tpc, tpc-compile
// RUN: not tpc compile %models/mlp.mlir --dp 2 --tp 2 --shard 'fc1=[{tp, dp}, {}]' 2>&1 | FileCheck %s
// RUN: tpc compile %models/mlp.mlir --dp 2 --tp 2 --shard 'fc1=[{dp, tp}, {}]' --stop-after sharded | FileCheck %s --check-prefix=HELD

// Several axes split a dim in the order of the mesh, and no other can be asked for.

// CHECK: mlp.mlir:13:3: error: the constraint 'fc1=[{tp, dp}, {}]' splits dim 0 of 'fc1' in another order of axes than that of the mesh, which is dp=2, tp=2
// CHECK-NEXT: hint: write {dp, tp}
// HELD: nn.parameter @fc1 : tensor<128x128xf32, #tp.sharding<@mesh, [{"dp" "tp"}, {}]>>
