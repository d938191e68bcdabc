// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.positions becomes on two ranks, for each way to split it; the pass proves what it made.

// split row0: (split(0)) -> (split(0))
// CHECK-LABEL: module @split_row0
module @split_row0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3xi32>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.positions %[[V0]] : (tensor<1x3xi32>) -> tensor<1x3xi32>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.all_gather %[[V1]] dim 0 on "tp" why "output" : (tensor<1x3xi32>) -> tensor<2x3xi32>
    // CHECK-NEXT: nn.return %[[V2]] : tensor<2x3xi32>
    %0 = nn.read @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %r = nn.positions %0 : (tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>>) -> tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>> -> tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// split sequence: (split(1)) -> (split(1))
// CHECK-LABEL: module @split_sequence
module @split_sequence {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2xi32>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = tp.offset 2 on "tp"
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.positions %[[V0]] at %[[V1]] : (tensor<2x2xi32>, index) -> tensor<2x2xi32>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 1 on "tp" why "output" : (tensor<2x2xi32>) -> tensor<2x4xi32>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.slice %[[V3]] dim 1 start 0 size 3 : (tensor<2x4xi32>) -> tensor<2x3xi32>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<2x3xi32>
    %0 = nn.read @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>
    %r = nn.positions %0 : (tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>) -> tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> -> tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>>
  }
}
