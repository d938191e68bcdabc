// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.sgd becomes on two ranks, for each way to split it; the pass proves what it made.

// split d0: (split(0), split(0), split(0), replicated, replicated) -> (split(0), split(0))
// CHECK-LABEL: module @split_d0
module @split_d0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<7xf64, #tp.sharding<@mesh, [{7:8 "tp"}]>> dims [""]
  nn.input @x1 : tensor<7xf64, #tp.sharding<@mesh, [{7:8 "tp"}]>> dims [""]
  nn.input @x2 : tensor<7xf64, #tp.sharding<@mesh, [{7:8 "tp"}]>> dims [""]
  nn.input @x3 : tensor<f64, #tp.sharding<@mesh, []>> dims []
  nn.input @x4 : tensor<i32, #tp.sharding<@mesh, []>> dims []
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0", "y1"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<4xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<4xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<4xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.read @x3 : tensor<f64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.read @x4 : tensor<i32>
    // CHECK-NEXT: %[[NEW_P:[^ :,]+]], %[[NEW_M:[^ :,]+]] = nn.sgd %[[V0]], %[[V1]], %[[V2]], %[[V3]], %[[V4]] {momentum = 9.000000e-01 : f64, weight_decay = 1.000000e-01 : f64} : (tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<f64>, tensor<i32>) -> (tensor<4xf64>, tensor<4xf64>)
    // CHECK-NEXT: %[[V5:[^ :,]+]] = tp.all_gather %[[NEW_P]] dim 0 on "tp" why "output" : (tensor<4xf64>) -> tensor<8xf64>
    // CHECK-NEXT: %[[V6:[^ :,]+]] = nn.slice %[[V5]] dim 0 start 0 size 7 : (tensor<8xf64>) -> tensor<7xf64>
    // CHECK-NEXT: %[[V7:[^ :,]+]] = tp.all_gather %[[NEW_M]] dim 0 on "tp" why "output" : (tensor<4xf64>) -> tensor<8xf64>
    // CHECK-NEXT: %[[V8:[^ :,]+]] = nn.slice %[[V7]] dim 0 start 0 size 7 : (tensor<8xf64>) -> tensor<7xf64>
    // CHECK-NEXT: nn.return %[[V6]], %[[V8]] : tensor<7xf64>, tensor<7xf64>
    %0 = nn.read @x0 : tensor<7xf64, #tp.sharding<@mesh, [{7:8 "tp"}]>>
    %1 = nn.read @x1 : tensor<7xf64, #tp.sharding<@mesh, [{7:8 "tp"}]>>
    %2 = nn.read @x2 : tensor<7xf64, #tp.sharding<@mesh, [{7:8 "tp"}]>>
    %3 = nn.read @x3 : tensor<f64, #tp.sharding<@mesh, []>>
    %4 = nn.read @x4 : tensor<i32, #tp.sharding<@mesh, []>>
    %r:2 = nn.sgd %0, %1, %2, %3, %4 {momentum = 0.9 : f64, weight_decay = 0.1 : f64} : (tensor<7xf64, #tp.sharding<@mesh, [{7:8 "tp"}]>>, tensor<7xf64, #tp.sharding<@mesh, [{7:8 "tp"}]>>, tensor<7xf64, #tp.sharding<@mesh, [{7:8 "tp"}]>>, tensor<f64, #tp.sharding<@mesh, []>>, tensor<i32, #tp.sharding<@mesh, []>>) -> (tensor<7xf64, #tp.sharding<@mesh, [{7:8 "tp"}]>>, tensor<7xf64, #tp.sharding<@mesh, [{7:8 "tp"}]>>)
    %s0 = tp.reshard %r#0 why "output" : tensor<7xf64, #tp.sharding<@mesh, [{7:8 "tp"}]>> -> tensor<7xf64, #tp.sharding<@mesh, [{}]>>
    %s1 = tp.reshard %r#1 why "output" : tensor<7xf64, #tp.sharding<@mesh, [{7:8 "tp"}]>> -> tensor<7xf64, #tp.sharding<@mesh, [{}]>>
    nn.return %s0, %s1 : tensor<7xf64, #tp.sharding<@mesh, [{}]>>, tensor<7xf64, #tp.sharding<@mesh, [{}]>>
  }
}

// -----

// split d1: (split(1), split(1), split(1), replicated, replicated) -> (split(1), split(1))
// CHECK-LABEL: module @split_d1
module @split_d1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<4x6xf64, #tp.sharding<@mesh, [{}, {"tp"}]>> dims ["", ""]
  nn.input @x1 : tensor<4x6xf64, #tp.sharding<@mesh, [{}, {"tp"}]>> dims ["", ""]
  nn.input @x2 : tensor<4x6xf64, #tp.sharding<@mesh, [{}, {"tp"}]>> dims ["", ""]
  nn.input @x3 : tensor<f64, #tp.sharding<@mesh, []>> dims []
  nn.input @x4 : tensor<i32, #tp.sharding<@mesh, []>> dims []
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0", "y1"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<4x3xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<4x3xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<4x3xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.read @x3 : tensor<f64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.read @x4 : tensor<i32>
    // CHECK-NEXT: %[[NEW_P:[^ :,]+]], %[[NEW_M:[^ :,]+]] = nn.sgd %[[V0]], %[[V1]], %[[V2]], %[[V3]], %[[V4]] {momentum = 9.000000e-01 : f64, weight_decay = 1.000000e-01 : f64} : (tensor<4x3xf64>, tensor<4x3xf64>, tensor<4x3xf64>, tensor<f64>, tensor<i32>) -> (tensor<4x3xf64>, tensor<4x3xf64>)
    // CHECK-NEXT: %[[V5:[^ :,]+]] = tp.all_gather %[[NEW_P]] dim 1 on "tp" why "output" : (tensor<4x3xf64>) -> tensor<4x6xf64>
    // CHECK-NEXT: %[[V6:[^ :,]+]] = tp.all_gather %[[NEW_M]] dim 1 on "tp" why "output" : (tensor<4x3xf64>) -> tensor<4x6xf64>
    // CHECK-NEXT: nn.return %[[V5]], %[[V6]] : tensor<4x6xf64>, tensor<4x6xf64>
    %0 = nn.read @x0 : tensor<4x6xf64, #tp.sharding<@mesh, [{}, {"tp"}]>>
    %1 = nn.read @x1 : tensor<4x6xf64, #tp.sharding<@mesh, [{}, {"tp"}]>>
    %2 = nn.read @x2 : tensor<4x6xf64, #tp.sharding<@mesh, [{}, {"tp"}]>>
    %3 = nn.read @x3 : tensor<f64, #tp.sharding<@mesh, []>>
    %4 = nn.read @x4 : tensor<i32, #tp.sharding<@mesh, []>>
    %r:2 = nn.sgd %0, %1, %2, %3, %4 {momentum = 0.9 : f64, weight_decay = 0.1 : f64} : (tensor<4x6xf64, #tp.sharding<@mesh, [{}, {"tp"}]>>, tensor<4x6xf64, #tp.sharding<@mesh, [{}, {"tp"}]>>, tensor<4x6xf64, #tp.sharding<@mesh, [{}, {"tp"}]>>, tensor<f64, #tp.sharding<@mesh, []>>, tensor<i32, #tp.sharding<@mesh, []>>) -> (tensor<4x6xf64, #tp.sharding<@mesh, [{}, {"tp"}]>>, tensor<4x6xf64, #tp.sharding<@mesh, [{}, {"tp"}]>>)
    %s0 = tp.reshard %r#0 why "output" : tensor<4x6xf64, #tp.sharding<@mesh, [{}, {"tp"}]>> -> tensor<4x6xf64, #tp.sharding<@mesh, [{}, {}]>>
    %s1 = tp.reshard %r#1 why "output" : tensor<4x6xf64, #tp.sharding<@mesh, [{}, {"tp"}]>> -> tensor<4x6xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0, %s1 : tensor<4x6xf64, #tp.sharding<@mesh, [{}, {}]>>, tensor<4x6xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}
