// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.dropout becomes on two ranks, for each way to split it; the pass proves what it made.

// split d0: (split(0), replicated, replicated) -> (split(0))
// CHECK-LABEL: module @split_d0
module @split_d0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<i32, #tp.sharding<@mesh, []>> dims []
  nn.input @x2 : tensor<i32, #tp.sharding<@mesh, []>> dims []
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<i32>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<i32>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.offset 1 on "tp"
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.offset 3
    // CHECK-NEXT: %[[V5:[^ :,]+]] = tp.offset 5
    // CHECK-NEXT: %[[V6:[^ :,]+]] = nn.dropout %[[V0]], %[[V1]], %[[V2]] at %[[V3]], %[[V4]], %[[V5]] {global_shape = array<i64: 2, 3, 5>, p = 3.000000e-01 : f64, stream = "h.0.drop"} : (tensor<1x3x5xf64>, tensor<i32>, tensor<i32>, index, index, index) -> tensor<1x3x5xf64>
    // CHECK-NEXT: %[[V7:[^ :,]+]] = tp.all_gather %[[V6]] dim 0 on "tp" why "output" : (tensor<1x3x5xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: nn.return %[[V7]] : tensor<2x3x5xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %1 = nn.read @x1 : tensor<i32, #tp.sharding<@mesh, []>>
    %2 = nn.read @x2 : tensor<i32, #tp.sharding<@mesh, []>>
    %r = nn.dropout %0, %1, %2 {global_shape = array<i64: 2, 3, 5>, p = 0.3 : f64, stream = "h.0.drop"} : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>, tensor<i32, #tp.sharding<@mesh, []>>, tensor<i32, #tp.sharding<@mesh, []>>) -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split d1: (split(1), replicated, replicated) -> (split(1))
// CHECK-LABEL: module @split_d1
module @split_d1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<i32, #tp.sharding<@mesh, []>> dims []
  nn.input @x2 : tensor<i32, #tp.sharding<@mesh, []>> dims []
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<i32>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<i32>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.offset 2
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.offset 2 on "tp"
    // CHECK-NEXT: %[[V5:[^ :,]+]] = tp.offset 5
    // CHECK-NEXT: %[[V6:[^ :,]+]] = nn.dropout %[[V0]], %[[V1]], %[[V2]] at %[[V3]], %[[V4]], %[[V5]] {global_shape = array<i64: 2, 3, 5>, p = 3.000000e-01 : f64, stream = "h.0.drop"} : (tensor<2x2x5xf64>, tensor<i32>, tensor<i32>, index, index, index) -> tensor<2x2x5xf64>
    // CHECK-NEXT: %[[V7:[^ :,]+]] = tp.all_gather %[[V6]] dim 1 on "tp" why "output" : (tensor<2x2x5xf64>) -> tensor<2x4x5xf64>
    // CHECK-NEXT: %[[V8:[^ :,]+]] = nn.slice %[[V7]] dim 1 start 0 size 3 : (tensor<2x4x5xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: nn.return %[[V8]] : tensor<2x3x5xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %1 = nn.read @x1 : tensor<i32, #tp.sharding<@mesh, []>>
    %2 = nn.read @x2 : tensor<i32, #tp.sharding<@mesh, []>>
    %r = nn.dropout %0, %1, %2 {global_shape = array<i64: 2, 3, 5>, p = 0.3 : f64, stream = "h.0.drop"} : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>, tensor<i32, #tp.sharding<@mesh, []>>, tensor<i32, #tp.sharding<@mesh, []>>) -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split d2: (split(2), replicated, replicated) -> (split(2))
// CHECK-LABEL: module @split_d2
module @split_d2 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>> dims ["", "", ""]
  nn.input @x1 : tensor<i32, #tp.sharding<@mesh, []>> dims []
  nn.input @x2 : tensor<i32, #tp.sharding<@mesh, []>> dims []
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x3xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<i32>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<i32>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.offset 2
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.offset 3
    // CHECK-NEXT: %[[V5:[^ :,]+]] = tp.offset 3 on "tp"
    // CHECK-NEXT: %[[V6:[^ :,]+]] = nn.dropout %[[V0]], %[[V1]], %[[V2]] at %[[V3]], %[[V4]], %[[V5]] {global_shape = array<i64: 2, 3, 5>, p = 3.000000e-01 : f64, stream = "h.0.drop"} : (tensor<2x3x3xf64>, tensor<i32>, tensor<i32>, index, index, index) -> tensor<2x3x3xf64>
    // CHECK-NEXT: %[[V7:[^ :,]+]] = tp.all_gather %[[V6]] dim 2 on "tp" why "output" : (tensor<2x3x3xf64>) -> tensor<2x3x6xf64>
    // CHECK-NEXT: %[[V8:[^ :,]+]] = nn.slice %[[V7]] dim 2 start 0 size 5 : (tensor<2x3x6xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: nn.return %[[V8]] : tensor<2x3x5xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>>
    %1 = nn.read @x1 : tensor<i32, #tp.sharding<@mesh, []>>
    %2 = nn.read @x2 : tensor<i32, #tp.sharding<@mesh, []>>
    %r = nn.dropout %0, %1, %2 {global_shape = array<i64: 2, 3, 5>, p = 0.3 : f64, stream = "h.0.drop"} : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>>, tensor<i32, #tp.sharding<@mesh, []>>, tensor<i32, #tp.sharding<@mesh, []>>) -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>> -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}
