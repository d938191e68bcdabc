// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.ce_row_max becomes on two ranks, for each way to split it; the pass proves what it made.

// split row0: (split(0)) -> (split(0))
// CHECK-LABEL: module @split_row0
module @split_row0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x7xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.ce_row_max %[[V0]] {classes = 7 : i64} : (tensor<1x3x7xf64>) -> tensor<1x3xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.all_gather %[[V1]] dim 0 on "tp" why "output" : (tensor<1x3xf64>) -> tensor<2x3xf64>
    // CHECK-NEXT: nn.return %[[V2]] : tensor<2x3xf64>
    %0 = nn.read @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %r = nn.ce_row_max %0 {classes = 7 : i64} : (tensor<2x3x7xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>) -> tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>> -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// split row1: (split(1)) -> (split(1))
// CHECK-LABEL: module @split_row1
module @split_row1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2x7xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.ce_row_max %[[V0]] {classes = 7 : i64} : (tensor<2x2x7xf64>) -> tensor<2x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.all_gather %[[V1]] dim 1 on "tp" why "output" : (tensor<2x2xf64>) -> tensor<2x4xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.slice %[[V2]] dim 1 start 0 size 3 : (tensor<2x4xf64>) -> tensor<2x3xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<2x3xf64>
    %0 = nn.read @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %r = nn.ce_row_max %0 {classes = 7 : i64} : (tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>) -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// split vocab: (split(2)) -> (partial(max))
// CHECK-LABEL: module @split_vocab
module @split_vocab {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {7:8 "tp"}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x4xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = tp.offset 4 on "tp"
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.ce_row_max %[[V0]] at %[[V1]] {classes = 7 : i64} : (tensor<2x3x4xf64>, index) -> tensor<2x3xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_reduce max %[[V2]] on "tp" why "output" : (tensor<2x3xf64>) -> tensor<2x3xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<2x3xf64>
    %0 = nn.read @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {7:8 "tp"}]>>
    %r = nn.ce_row_max %0 {classes = 7 : i64} : (tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {7:8 "tp"}]>>) -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}], partial = {max "tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}], partial = {max "tp"}>> -> tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}
