// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.rms_normalize becomes on two ranks, for each way to split it; the pass proves what it made.

// split row0: (split(0)) -> (split(0), split(0))
// CHECK-LABEL: module @split_row0
module @split_row0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0", "y1"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x5xf64>
    // CHECK-NEXT: %[[XHAT:[^ :,]+]], %[[RSTD:[^ :,]+]] = nn.rms_normalize %[[V0]] {eps = 1.000000e-02 : f64} : (tensor<1x3x5xf64>) -> (tensor<1x3x5xf64>, tensor<1x3xf64>)
    // CHECK-NEXT: %[[V1:[^ :,]+]] = tp.all_gather %[[XHAT]] dim 0 on "tp" why "output" : (tensor<1x3x5xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.all_gather %[[RSTD]] dim 0 on "tp" why "output" : (tensor<1x3xf64>) -> tensor<2x3xf64>
    // CHECK-NEXT: nn.return %[[V1]], %[[V2]] : tensor<2x3x5xf64>, tensor<2x3xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %r:2 = nn.rms_normalize %0 {eps = 1.0e-2 : f64} : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>) -> (tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>>)
    %s0 = tp.reshard %r#0 why "output" : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    %s1 = tp.reshard %r#1 why "output" : tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>> -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0, %s1 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// split row1: (split(1)) -> (split(1), split(1))
// CHECK-LABEL: module @split_row1
module @split_row1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0", "y1"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2x5xf64>
    // CHECK-NEXT: %[[XHAT:[^ :,]+]], %[[RSTD:[^ :,]+]] = nn.rms_normalize %[[V0]] {eps = 1.000000e-02 : f64} : (tensor<2x2x5xf64>) -> (tensor<2x2x5xf64>, tensor<2x2xf64>)
    // CHECK-NEXT: %[[V1:[^ :,]+]] = tp.all_gather %[[XHAT]] dim 1 on "tp" why "output" : (tensor<2x2x5xf64>) -> tensor<2x4x5xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.slice %[[V1]] dim 1 start 0 size 3 : (tensor<2x4x5xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[RSTD]] dim 1 on "tp" why "output" : (tensor<2x2xf64>) -> tensor<2x4xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.slice %[[V3]] dim 1 start 0 size 3 : (tensor<2x4xf64>) -> tensor<2x3xf64>
    // CHECK-NEXT: nn.return %[[V2]], %[[V4]] : tensor<2x3x5xf64>, tensor<2x3xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %r:2 = nn.rms_normalize %0 {eps = 1.0e-2 : f64} : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>) -> (tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>)
    %s0 = tp.reshard %r#0 why "output" : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    %s1 = tp.reshard %r#1 why "output" : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0, %s1 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}
