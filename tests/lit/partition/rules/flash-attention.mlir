// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.flash_attention becomes on two ranks, for each way to split it; the pass proves what it made.

// split batch: (split(0), split(0), split(0)) -> (split(0), split(0))
// CHECK-LABEL: module @split_batch
module @split_batch {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x2 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0", "y1"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[O:[^ :,]+]], %[[LSE:[^ :,]+]] = nn.flash_attention %[[V0]], %[[V1]], %[[V2]] {causal = true, scale = 0.69999999999999996 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x4x3xf64>)
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[O]] dim 0 on "tp" why "output" : (tensor<1x3x4x2xf64>) -> tensor<2x3x4x2xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.slice %[[V3]] dim 0 start 0 size 1 : (tensor<2x3x4x2xf64>) -> tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V5:[^ :,]+]] = tp.all_gather %[[LSE]] dim 0 on "tp" why "output" : (tensor<1x4x3xf64>) -> tensor<2x4x3xf64>
    // CHECK-NEXT: %[[V6:[^ :,]+]] = nn.slice %[[V5]] dim 0 start 0 size 1 : (tensor<2x4x3xf64>) -> tensor<1x4x3xf64>
    // CHECK-NEXT: nn.return %[[V4]], %[[V6]] : tensor<1x3x4x2xf64>, tensor<1x4x3xf64>
    %0 = nn.read @x0 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>
    %1 = nn.read @x1 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>
    %2 = nn.read @x2 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>
    %r:2 = nn.flash_attention %0, %1, %2 {causal = true, scale = 0.7 : f64} : (tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>) -> (tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>, tensor<1x4x3xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}]>>)
    %s0 = tp.reshard %r#0 why "output" : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>> -> tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    %s1 = tp.reshard %r#1 why "output" : tensor<1x4x3xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}]>> -> tensor<1x4x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0, %s1 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>, tensor<1x4x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split kv: (split(2), split(2), split(2)) -> (split(2), split(1))
// CHECK-LABEL: module @split_kv
module @split_kv {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> dims ["", "", "", ""]
  nn.input @x2 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0", "y1"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x2x2xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x3x2x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<1x3x2x2xf64>
    // CHECK-NEXT: %[[O:[^ :,]+]], %[[LSE:[^ :,]+]] = nn.flash_attention %[[V0]], %[[V1]], %[[V2]] {causal = true, scale = 0.69999999999999996 : f64} : (tensor<1x3x2x2xf64>, tensor<1x3x2x2xf64>, tensor<1x3x2x2xf64>) -> (tensor<1x3x2x2xf64>, tensor<1x2x3xf64>)
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[O]] dim 2 on "tp" why "output" : (tensor<1x3x2x2xf64>) -> tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_gather %[[LSE]] dim 1 on "tp" why "output" : (tensor<1x2x3xf64>) -> tensor<1x4x3xf64>
    // CHECK-NEXT: nn.return %[[V3]], %[[V4]] : tensor<1x3x4x2xf64>, tensor<1x4x3xf64>
    %0 = nn.read @x0 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>
    %1 = nn.read @x1 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>
    %2 = nn.read @x2 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>
    %r:2 = nn.flash_attention %0, %1, %2 {causal = true, scale = 0.7 : f64} : (tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>) -> (tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>, tensor<1x4x3xf64, #tp.sharding<@mesh, [{}, {"tp"}, {}]>>)
    %s0 = tp.reshard %r#0 why "output" : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> -> tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    %s1 = tp.reshard %r#1 why "output" : tensor<1x4x3xf64, #tp.sharding<@mesh, [{}, {"tp"}, {}]>> -> tensor<1x4x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0, %s1 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>, tensor<1x4x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split group: (split(2), replicated, replicated) -> (split(2), split(1))
// CHECK-LABEL: module @split_group
module @split_group {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {4, 1:2 "tp"}, {}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x2 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs [] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[O:[^ :,]+]], %[[LSE:[^ :,]+]] = nn.flash_attention %[[V0]], %[[V1]], %[[V2]] {causal = true, scale = 0.69999999999999996 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x4x3xf64>)
    // CHECK-NEXT: nn.return
    %0 = nn.read @x0 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {4, 1:2 "tp"}, {}]>>
    %1 = nn.read @x1 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    %2 = nn.read @x2 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    %r:2 = nn.flash_attention %0, %1, %2 {causal = true, scale = 0.7 : f64} : (tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {4, 1:2 "tp"}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>) -> (tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {4, 1:2 "tp"}, {}]>>, tensor<1x4x3xf64, #tp.sharding<@mesh, [{}, {4, 1:2 "tp"}, {}]>>)
    nn.return
  }
}
