// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.ce_row_sums_grad becomes on two ranks, for each way to split it; the pass proves what it made.

// split row0: (split(0), split(0), split(0), split(0), split(0)) -> (split(0))
// CHECK-LABEL: module @split_row0
module @split_row0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>> dims ["", ""]
  nn.input @x2 : tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>> dims ["", ""]
  nn.input @x3 : tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>> dims ["", ""]
  nn.input @x4 : tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x7xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x3xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<1x3xi32>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.read @x3 : tensor<1x3xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.read @x4 : tensor<1x3xf64>
    // CHECK-NEXT: %[[V5:[^ :,]+]] = nn.ce_row_sums_grad %[[V0]], %[[V1]], %[[V2]], %[[V3]], %[[V4]] {classes = 7 : i64} : (tensor<1x3x7xf64>, tensor<1x3xf64>, tensor<1x3xi32>, tensor<1x3xf64>, tensor<1x3xf64>) -> tensor<1x3x7xf64>
    // CHECK-NEXT: %[[V6:[^ :,]+]] = tp.all_gather %[[V5]] dim 0 on "tp" why "output" : (tensor<1x3x7xf64>) -> tensor<2x3x7xf64>
    // CHECK-NEXT: nn.return %[[V6]] : tensor<2x3x7xf64>
    %0 = nn.read @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %1 = nn.read @x1 : tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %2 = nn.read @x2 : tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %3 = nn.read @x3 : tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %4 = nn.read @x4 : tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %r = nn.ce_row_sums_grad %0, %1, %2, %3, %4 {classes = 7 : i64} : (tensor<2x3x7xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>>, tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>>) -> tensor<2x3x7xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x7xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> -> tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split row1: (split(1), split(1), split(1), split(1), split(1)) -> (split(1))
// CHECK-LABEL: module @split_row1
module @split_row1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> dims ["", ""]
  nn.input @x2 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> dims ["", ""]
  nn.input @x3 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> dims ["", ""]
  nn.input @x4 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2x7xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<2x2xi32>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.read @x3 : tensor<2x2xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.read @x4 : tensor<2x2xf64>
    // CHECK-NEXT: %[[V5:[^ :,]+]] = nn.ce_row_sums_grad %[[V0]], %[[V1]], %[[V2]], %[[V3]], %[[V4]] {classes = 7 : i64} : (tensor<2x2x7xf64>, tensor<2x2xf64>, tensor<2x2xi32>, tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2x7xf64>
    // CHECK-NEXT: %[[V6:[^ :,]+]] = tp.all_gather %[[V5]] dim 1 on "tp" why "output" : (tensor<2x2x7xf64>) -> tensor<2x4x7xf64>
    // CHECK-NEXT: %[[V7:[^ :,]+]] = nn.slice %[[V6]] dim 1 start 0 size 3 : (tensor<2x4x7xf64>) -> tensor<2x3x7xf64>
    // CHECK-NEXT: nn.return %[[V7]] : tensor<2x3x7xf64>
    %0 = nn.read @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %1 = nn.read @x1 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>
    %2 = nn.read @x2 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>
    %3 = nn.read @x3 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>
    %4 = nn.read @x4 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>
    %r = nn.ce_row_sums_grad %0, %1, %2, %3, %4 {classes = 7 : i64} : (tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>, tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>) -> tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> -> tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split vocab: (split(2), replicated, replicated, replicated, replicated) -> (split(2))
// CHECK-LABEL: module @split_vocab
module @split_vocab {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {7:8 "tp"}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.input @x2 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.input @x3 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.input @x4 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x4xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x3xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<2x3xi32>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.read @x3 : tensor<2x3xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.read @x4 : tensor<2x3xf64>
    // CHECK-NEXT: %[[V5:[^ :,]+]] = tp.offset 4 on "tp"
    // CHECK-NEXT: %[[V6:[^ :,]+]] = nn.ce_row_sums_grad %[[V0]], %[[V1]], %[[V2]], %[[V3]], %[[V4]] at %[[V5]] {classes = 7 : i64} : (tensor<2x3x4xf64>, tensor<2x3xf64>, tensor<2x3xi32>, tensor<2x3xf64>, tensor<2x3xf64>, index) -> tensor<2x3x4xf64>
    // CHECK-NEXT: %[[V7:[^ :,]+]] = tp.all_gather %[[V6]] dim 2 on "tp" why "output" : (tensor<2x3x4xf64>) -> tensor<2x3x8xf64>
    // CHECK-NEXT: %[[V8:[^ :,]+]] = nn.slice %[[V7]] dim 2 start 0 size 7 : (tensor<2x3x8xf64>) -> tensor<2x3x7xf64>
    // CHECK-NEXT: nn.return %[[V8]] : tensor<2x3x7xf64>
    %0 = nn.read @x0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {7:8 "tp"}]>>
    %1 = nn.read @x1 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    %2 = nn.read @x2 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>>
    %3 = nn.read @x3 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    %4 = nn.read @x4 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    %r = nn.ce_row_sums_grad %0, %1, %2, %3, %4 {classes = 7 : i64} : (tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {7:8 "tp"}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>, tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>) -> tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {7:8 "tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {7:8 "tp"}]>> -> tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x7xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}
