// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.flash_attention_grad becomes on two ranks, for each way to split it; the pass proves what it made.

// split batch: (split(0), split(0), split(0), split(0), split(0), split(0)) -> (split(0), split(0), split(0))
// CHECK-LABEL: module @split_batch
module @split_batch {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x2 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x3 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x4 : tensor<1x4x3xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}]>> dims ["", "", ""]
  nn.input @x5 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0", "y1", "y2"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.read @x3 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.read @x4 : tensor<1x4x3xf64>
    // CHECK-NEXT: %[[V5:[^ :,]+]] = nn.read @x5 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[DQ:[^ :,]+]], %[[DK:[^ :,]+]], %[[DV:[^ :,]+]] = nn.flash_attention_grad %[[V0]], %[[V1]], %[[V2]], %[[V3]], %[[V4]], %[[V5]] {causal = true, scale = 0.69999999999999996 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x4x3xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>)
    // CHECK-NEXT: %[[V6:[^ :,]+]] = tp.all_gather %[[DQ]] dim 0 on "tp" why "output" : (tensor<1x3x4x2xf64>) -> tensor<2x3x4x2xf64>
    // CHECK-NEXT: %[[V7:[^ :,]+]] = nn.slice %[[V6]] dim 0 start 0 size 1 : (tensor<2x3x4x2xf64>) -> tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V8:[^ :,]+]] = tp.all_gather %[[DK]] dim 0 on "tp" why "output" : (tensor<1x3x4x2xf64>) -> tensor<2x3x4x2xf64>
    // CHECK-NEXT: %[[V9:[^ :,]+]] = nn.slice %[[V8]] dim 0 start 0 size 1 : (tensor<2x3x4x2xf64>) -> tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V10:[^ :,]+]] = tp.all_gather %[[DV]] dim 0 on "tp" why "output" : (tensor<1x3x4x2xf64>) -> tensor<2x3x4x2xf64>
    // CHECK-NEXT: %[[V11:[^ :,]+]] = nn.slice %[[V10]] dim 0 start 0 size 1 : (tensor<2x3x4x2xf64>) -> tensor<1x3x4x2xf64>
    // CHECK-NEXT: nn.return %[[V7]], %[[V9]], %[[V11]] : tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>
    %0 = nn.read @x0 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>
    %1 = nn.read @x1 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>
    %2 = nn.read @x2 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>
    %3 = nn.read @x3 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>
    %4 = nn.read @x4 : tensor<1x4x3xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}]>>
    %5 = nn.read @x5 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>
    %r:3 = nn.flash_attention_grad %0, %1, %2, %3, %4, %5 {causal = true, scale = 0.7 : f64} : (tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>, tensor<1x4x3xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>) -> (tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>>)
    %s0 = tp.reshard %r#0 why "output" : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>> -> tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    %s1 = tp.reshard %r#1 why "output" : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>> -> tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    %s2 = tp.reshard %r#2 why "output" : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{1:2 "tp"}, {}, {}, {}]>> -> tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    nn.return %s0, %s1, %s2 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
  }
}

// -----

// split kv: (split(2), split(2), split(2), split(2), split(1), split(2)) -> (split(2), split(2), split(2))
// CHECK-LABEL: module @split_kv
module @split_kv {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> dims ["", "", "", ""]
  nn.input @x2 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> dims ["", "", "", ""]
  nn.input @x3 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> dims ["", "", "", ""]
  nn.input @x4 : tensor<1x4x3xf64, #tp.sharding<@mesh, [{}, {"tp"}, {}]>> dims ["", "", ""]
  nn.input @x5 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0", "y1", "y2"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x2x2xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x3x2x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<1x3x2x2xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.read @x3 : tensor<1x3x2x2xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.read @x4 : tensor<1x2x3xf64>
    // CHECK-NEXT: %[[V5:[^ :,]+]] = nn.read @x5 : tensor<1x3x2x2xf64>
    // CHECK-NEXT: %[[DQ:[^ :,]+]], %[[DK:[^ :,]+]], %[[DV:[^ :,]+]] = nn.flash_attention_grad %[[V0]], %[[V1]], %[[V2]], %[[V3]], %[[V4]], %[[V5]] {causal = true, scale = 0.69999999999999996 : f64} : (tensor<1x3x2x2xf64>, tensor<1x3x2x2xf64>, tensor<1x3x2x2xf64>, tensor<1x3x2x2xf64>, tensor<1x2x3xf64>, tensor<1x3x2x2xf64>) -> (tensor<1x3x2x2xf64>, tensor<1x3x2x2xf64>, tensor<1x3x2x2xf64>)
    // CHECK-NEXT: %[[V6:[^ :,]+]] = tp.all_gather %[[DQ]] dim 2 on "tp" why "output" : (tensor<1x3x2x2xf64>) -> tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V7:[^ :,]+]] = tp.all_gather %[[DK]] dim 2 on "tp" why "output" : (tensor<1x3x2x2xf64>) -> tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V8:[^ :,]+]] = tp.all_gather %[[DV]] dim 2 on "tp" why "output" : (tensor<1x3x2x2xf64>) -> tensor<1x3x4x2xf64>
    // CHECK-NEXT: nn.return %[[V6]], %[[V7]], %[[V8]] : tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>
    %0 = nn.read @x0 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>
    %1 = nn.read @x1 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>
    %2 = nn.read @x2 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>
    %3 = nn.read @x3 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>
    %4 = nn.read @x4 : tensor<1x4x3xf64, #tp.sharding<@mesh, [{}, {"tp"}, {}]>>
    %5 = nn.read @x5 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>
    %r:3 = nn.flash_attention_grad %0, %1, %2, %3, %4, %5 {causal = true, scale = 0.7 : f64} : (tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>, tensor<1x4x3xf64, #tp.sharding<@mesh, [{}, {"tp"}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>) -> (tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>)
    %s0 = tp.reshard %r#0 why "output" : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> -> tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    %s1 = tp.reshard %r#1 why "output" : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> -> tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    %s2 = tp.reshard %r#2 why "output" : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> -> tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    nn.return %s0, %s1, %s2 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
  }
}

// -----

// split group: (split(2), replicated, replicated, split(2), split(1), split(2)) -> (split(2), partial(sum), partial(sum))
// CHECK-LABEL: module @split_group
module @split_group {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {4, 1:2 "tp"}, {}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x2 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x3 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {4, 1:2 "tp"}, {}]>> dims ["", "", "", ""]
  nn.input @x4 : tensor<1x4x3xf64, #tp.sharding<@mesh, [{}, {4, 1:2 "tp"}, {}]>> dims ["", "", ""]
  nn.input @x5 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {4, 1:2 "tp"}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs [] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.read @x3 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.read @x4 : tensor<1x4x3xf64>
    // CHECK-NEXT: %[[V5:[^ :,]+]] = nn.read @x5 : tensor<1x3x4x2xf64>
    // CHECK-NEXT: %[[DQ:[^ :,]+]], %[[DK:[^ :,]+]], %[[DV:[^ :,]+]] = nn.flash_attention_grad %[[V0]], %[[V1]], %[[V2]], %[[V3]], %[[V4]], %[[V5]] {causal = true, scale = 0.69999999999999996 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x4x3xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>)
    // CHECK-NEXT: nn.return
    %0 = nn.read @x0 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {4, 1:2 "tp"}, {}]>>
    %1 = nn.read @x1 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    %2 = nn.read @x2 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    %3 = nn.read @x3 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {4, 1:2 "tp"}, {}]>>
    %4 = nn.read @x4 : tensor<1x4x3xf64, #tp.sharding<@mesh, [{}, {4, 1:2 "tp"}, {}]>>
    %5 = nn.read @x5 : tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {4, 1:2 "tp"}, {}]>>
    %r:3 = nn.flash_attention_grad %0, %1, %2, %3, %4, %5 {causal = true, scale = 0.7 : f64} : (tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {4, 1:2 "tp"}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {4, 1:2 "tp"}, {}]>>, tensor<1x4x3xf64, #tp.sharding<@mesh, [{}, {4, 1:2 "tp"}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {4, 1:2 "tp"}, {}]>>) -> (tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {4, 1:2 "tp"}, {}]>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}], partial = {"tp"}>>, tensor<1x3x4x2xf64, #tp.sharding<@mesh, [{}, {}, {}, {}], partial = {"tp"}>>)
    nn.return
  }
}
