// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.ce_row_sums becomes on two ranks, for each way to split it; the pass proves what it made.

// split row0: (split(0), split(0), split(0)) -> (split(0), split(0))
// CHECK-LABEL: module @split_row0
module @split_row0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>> dims ["", ""]
  nn.input @x2 : tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0", "y1"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x7xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x3xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<1x3xi32>
    // CHECK-NEXT: %[[SUM_EXP:[^ :,]+]], %[[TARGET:[^ :,]+]] = nn.ce_row_sums %[[V0]], %[[V1]], %[[V2]] {classes = 7 : i64} : (tensor<1x3x7xf64>, tensor<1x3xf64>, tensor<1x3xi32>) -> (tensor<1x3xf64>, tensor<1x3xf64>)
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[SUM_EXP]] dim 0 on "tp" why "output" : (tensor<1x3xf64>) -> tensor<2x3xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_gather %[[TARGET]] dim 0 on "tp" why "output" : (tensor<1x3xf64>) -> tensor<2x3xf64>
    // CHECK-NEXT: nn.return %[[V3]], %[[V4]] : tensor<2x3xf64>, tensor<2x3xf64>
    %0 = nn.read @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %1 = nn.read @x1 : tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %2 = nn.read @x2 : tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %r:2 = nn.ce_row_sums %0, %1, %2 {classes = 7 : i64} : (tensor<2x3x7xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>>, tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>>) -> (tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>>)
    %s0 = tp.reshard %r#0 why "output" : tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>> -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    %s1 = tp.reshard %r#1 why "output" : tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>> -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0, %s1 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// split row1: (split(1), split(1), split(1)) -> (split(1), split(1))
// CHECK-LABEL: module @split_row1
module @split_row1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> dims ["", ""]
  nn.input @x2 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0", "y1"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2x7xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<2x2xi32>
    // CHECK-NEXT: %[[SUM_EXP:[^ :,]+]], %[[TARGET:[^ :,]+]] = nn.ce_row_sums %[[V0]], %[[V1]], %[[V2]] {classes = 7 : i64} : (tensor<2x2x7xf64>, tensor<2x2xf64>, tensor<2x2xi32>) -> (tensor<2x2xf64>, tensor<2x2xf64>)
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[SUM_EXP]] dim 1 on "tp" why "output" : (tensor<2x2xf64>) -> tensor<2x4xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.slice %[[V3]] dim 1 start 0 size 3 : (tensor<2x4xf64>) -> tensor<2x3xf64>
    // CHECK-NEXT: %[[V5:[^ :,]+]] = tp.all_gather %[[TARGET]] dim 1 on "tp" why "output" : (tensor<2x2xf64>) -> tensor<2x4xf64>
    // CHECK-NEXT: %[[V6:[^ :,]+]] = nn.slice %[[V5]] dim 1 start 0 size 3 : (tensor<2x4xf64>) -> tensor<2x3xf64>
    // CHECK-NEXT: nn.return %[[V4]], %[[V6]] : tensor<2x3xf64>, tensor<2x3xf64>
    %0 = nn.read @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %1 = nn.read @x1 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>
    %2 = nn.read @x2 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>
    %r:2 = nn.ce_row_sums %0, %1, %2 {classes = 7 : i64} : (tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>, tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>) -> (tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>)
    %s0 = tp.reshard %r#0 why "output" : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    %s1 = tp.reshard %r#1 why "output" : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0, %s1 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// split vocab: (split(2), replicated, replicated) -> (partial(sum), partial(sum))
// CHECK-LABEL: module @split_vocab
module @split_vocab {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {7:8 "tp"}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.input @x2 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0", "y1"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x4xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x3xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<2x3xi32>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.offset 4 on "tp"
    // CHECK-NEXT: %[[SUM_EXP:[^ :,]+]], %[[TARGET:[^ :,]+]] = nn.ce_row_sums %[[V0]], %[[V1]], %[[V2]] at %[[V3]] {classes = 7 : i64} : (tensor<2x3x4xf64>, tensor<2x3xf64>, tensor<2x3xi32>, index) -> (tensor<2x3xf64>, tensor<2x3xf64>)
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_reduce sum %[[SUM_EXP]] on "tp" why "output" : (tensor<2x3xf64>) -> tensor<2x3xf64>
    // CHECK-NEXT: %[[V5:[^ :,]+]] = tp.all_reduce sum %[[TARGET]] on "tp" why "output" : (tensor<2x3xf64>) -> tensor<2x3xf64>
    // CHECK-NEXT: nn.return %[[V4]], %[[V5]] : tensor<2x3xf64>, tensor<2x3xf64>
    %0 = nn.read @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {7:8 "tp"}]>>
    %1 = nn.read @x1 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    %2 = nn.read @x2 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>>
    %r:2 = nn.ce_row_sums %0, %1, %2 {classes = 7 : i64} : (tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {7:8 "tp"}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>, tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>>) -> (tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>)
    %s0 = tp.reshard %r#0 why "output" : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    %s1 = tp.reshard %r#1 why "output" : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0, %s1 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}
