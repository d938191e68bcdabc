// Constraints that make a split move from one dim to another: the rows of x come split, and fc1 takes its columns.
// REQUIRES: tpc, tpc-compile
// RUN: tpc-compile compile %models/mlp.mlir --tp 2 --shard 'x=[{tp}, {}]' --shard 'fc1=[{}, {tp}]' --stop-after local | FileCheck %s
// RUN: tpc compile %models/mlp.mlir --tp 2 --shard 'x=[{tp}, {}]' --shard 'fc1=[{}, {tp}]' -o %t.plan
// RUN: tpc inspect %t.plan --view collectives | FileCheck %s --check-prefix=COLLECTIVES
// RUN: tpc inspect %t.plan --view cost | FileCheck %s --check-prefix=COST
// RUN: tpc verify %t.plan --steps 2 | FileCheck %s --check-prefix=VERIFY

// CHECK: %[[X:[0-9]+]] = nn.read @x {{.*}}: tensor<4x128xf32>
// CHECK: tp.all_to_all %[[X]] from 0 to 1 on "tp" why "nn.linear takes operand 0 split(1) on tp: least predicted time under the constraints 'x=[{tp}, {}]', 'fc1=[{}, {tp}]'; otherwise all but pointwise ops take {{.*}} us more{{.*}}" {{.*}}: (tensor<4x128xf32>) -> tensor<8x64xf32>

// Of 4 x 128 floats a rank sends half.
// COLLECTIVES: all_to_all  tp  {{ *}}forward  f32 x 512  {{ *}}1024 {{.*}}nn.linear takes operand 0 split(1) on tp: least predicted time under the constraints

// COST: forward {{ *}}all_to_all {{ *}}1 {{ *}}0 {{ *}}1024

// Nothing is rounded on the way.
// VERIFY: tp.all_to_all {{ *}}4 checks of 2048 elements, at most 0.000 of the bound
// VERIFY: ok
