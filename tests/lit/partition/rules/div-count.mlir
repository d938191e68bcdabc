// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.div_count becomes on two ranks, for each way to split it; the pass proves what it made.

// linear in 0: (partial(sum), replicated) -> (partial(sum))
// CHECK-LABEL: module @linear_in_0
module @linear_in_0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2xf64, #tp.sharding<@mesh, [{"tp"}]>> dims [""]
  nn.input @x1 : tensor<f64, #tp.sharding<@mesh, []>> dims []
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.sum %[[V0]] dims [0] : (tensor<1xf64>) -> tensor<f64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x1 : tensor<f64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.div_count %[[V1]], %[[V2]] : (tensor<f64>, tensor<f64>) -> tensor<f64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_reduce sum %[[V3]] on "tp" why "output" : (tensor<f64>) -> tensor<f64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<f64>
    %x0 = nn.read @x0 : tensor<2xf64, #tp.sharding<@mesh, [{"tp"}]>>
    %0 = nn.sum %x0 dims [0] : (tensor<2xf64, #tp.sharding<@mesh, [{"tp"}]>>) -> tensor<f64, #tp.sharding<@mesh, [], partial = {"tp"}>>
    %1 = nn.read @x1 : tensor<f64, #tp.sharding<@mesh, []>>
    %r = nn.div_count %0, %1 : (tensor<f64, #tp.sharding<@mesh, [], partial = {"tp"}>>, tensor<f64, #tp.sharding<@mesh, []>>) -> tensor<f64, #tp.sharding<@mesh, [], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<f64, #tp.sharding<@mesh, [], partial = {"tp"}>> -> tensor<f64, #tp.sharding<@mesh, []>>
    nn.return %s0 : tensor<f64, #tp.sharding<@mesh, []>>
  }
}

// -----

// split d0: (split(0), replicated) -> (split(0))
// CHECK-LABEL: module @split_d0
module @split_d0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<5xf64, #tp.sharding<@mesh, [{5:6 "tp"}]>> dims [""]
  nn.input @x1 : tensor<f64, #tp.sharding<@mesh, []>> dims []
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<3xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<f64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.div_count %[[V0]], %[[V1]] : (tensor<3xf64>, tensor<f64>) -> tensor<3xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 0 on "tp" why "output" : (tensor<3xf64>) -> tensor<6xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.slice %[[V3]] dim 0 start 0 size 5 : (tensor<6xf64>) -> tensor<5xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<5xf64>
    %0 = nn.read @x0 : tensor<5xf64, #tp.sharding<@mesh, [{5:6 "tp"}]>>
    %1 = nn.read @x1 : tensor<f64, #tp.sharding<@mesh, []>>
    %r = nn.div_count %0, %1 : (tensor<5xf64, #tp.sharding<@mesh, [{5:6 "tp"}]>>, tensor<f64, #tp.sharding<@mesh, []>>) -> tensor<5xf64, #tp.sharding<@mesh, [{5:6 "tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<5xf64, #tp.sharding<@mesh, [{5:6 "tp"}]>> -> tensor<5xf64, #tp.sharding<@mesh, [{}]>>
    nn.return %s0 : tensor<5xf64, #tp.sharding<@mesh, [{}]>>
  }
}

// -----

// split d1: (split(1), replicated) -> (split(1))
// CHECK-LABEL: module @split_d1
module @split_d1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> dims ["", ""]
  nn.input @x1 : tensor<f64, #tp.sharding<@mesh, []>> dims []
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<f64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.div_count %[[V0]], %[[V1]] : (tensor<2x2xf64>, tensor<f64>) -> tensor<2x2xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 1 on "tp" why "output" : (tensor<2x2xf64>) -> tensor<2x4xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.slice %[[V3]] dim 1 start 0 size 3 : (tensor<2x4xf64>) -> tensor<2x3xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<2x3xf64>
    %0 = nn.read @x0 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>
    %1 = nn.read @x1 : tensor<f64, #tp.sharding<@mesh, []>>
    %r = nn.div_count %0, %1 : (tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>, tensor<f64, #tp.sharding<@mesh, []>>) -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}
