// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.count_labels becomes on two ranks, for each way to split it; the pass proves what it made.

// split row0: (split(0)) -> (partial(sum))
// CHECK-LABEL: module @split_row0
module @split_row0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3xi32>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = tp.offset 1 on "tp"
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.offset 3
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.count_labels %[[V0]] at %[[V1]], %[[V2]] {global_shape = array<i64: 2, 3>, ignore_index = -1 : i64, wide} : (tensor<1x3xi32>, index, index) -> tensor<f64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_reduce sum %[[V3]] on "tp" why "output" : (tensor<f64>) -> tensor<f64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<f64>
    %0 = nn.read @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %r = nn.count_labels %0 {global_shape = array<i64: 2, 3>, ignore_index = -1 : i64, wide} : (tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>>) -> tensor<f64, #tp.sharding<@mesh, [], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<f64, #tp.sharding<@mesh, [], partial = {"tp"}>> -> tensor<f64, #tp.sharding<@mesh, []>>
    nn.return %s0 : tensor<f64, #tp.sharding<@mesh, []>>
  }
}

// -----

// split row1: (split(1)) -> (partial(sum))
// CHECK-LABEL: module @split_row1
module @split_row1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2xi32>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = tp.offset 2
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.offset 2 on "tp"
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.count_labels %[[V0]] at %[[V1]], %[[V2]] {global_shape = array<i64: 2, 3>, ignore_index = -1 : i64, wide} : (tensor<2x2xi32>, index, index) -> tensor<f64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_reduce sum %[[V3]] on "tp" why "output" : (tensor<f64>) -> tensor<f64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<f64>
    %0 = nn.read @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>
    %r = nn.count_labels %0 {global_shape = array<i64: 2, 3>, ignore_index = -1 : i64, wide} : (tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>) -> tensor<f64, #tp.sharding<@mesh, [], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<f64, #tp.sharding<@mesh, [], partial = {"tp"}>> -> tensor<f64, #tp.sharding<@mesh, []>>
    nn.return %s0 : tensor<f64, #tp.sharding<@mesh, []>>
  }
}
