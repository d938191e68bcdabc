// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.layer_normalize_grad becomes on two ranks, for each way to split it; the pass proves what it made.

// split row0: (split(0), split(0), split(0)) -> (split(0))
// CHECK-LABEL: module @split_row0
module @split_row0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  nn.input @x2 : tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x3x5xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<1x3xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.layer_normalize_grad %[[V0]], %[[V1]], %[[V2]] : (tensor<1x3x5xf64>, tensor<1x3x5xf64>, tensor<1x3xf64>) -> tensor<1x3x5xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_gather %[[V3]] dim 0 on "tp" why "output" : (tensor<1x3x5xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<2x3x5xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %1 = nn.read @x1 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %2 = nn.read @x2 : tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %r = nn.layer_normalize_grad %0, %1, %2 : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>, tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}]>>) -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split row1: (split(1), split(1), split(1)) -> (split(1))
// CHECK-LABEL: module @split_row1
module @split_row1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> dims ["", "", ""]
  nn.input @x2 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x2x5xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<2x2xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.layer_normalize_grad %[[V0]], %[[V1]], %[[V2]] : (tensor<2x2x5xf64>, tensor<2x2x5xf64>, tensor<2x2xf64>) -> tensor<2x2x5xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_gather %[[V3]] dim 1 on "tp" why "output" : (tensor<2x2x5xf64>) -> tensor<2x4x5xf64>
    // CHECK-NEXT: %[[V5:[^ :,]+]] = nn.slice %[[V4]] dim 1 start 0 size 3 : (tensor<2x4x5xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: nn.return %[[V5]] : tensor<2x3x5xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %1 = nn.read @x1 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %2 = nn.read @x2 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>
    %r = nn.layer_normalize_grad %0, %1, %2 : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>, tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>) -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// linear in 0: (partial(sum), replicated, replicated) -> (partial(sum))
// CHECK-LABEL: module @linear_in_0
module @linear_in_0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>> dims ["", "", ""]
  nn.input @x2 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x2x3x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.sum %[[V0]] dims [0] : (tensor<1x2x3x5xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x1 : tensor<2x3x5xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.read @x2 : tensor<2x3xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.layer_normalize_grad %[[V1]], %[[V2]], %[[V3]] : (tensor<2x3x5xf64>, tensor<2x3x5xf64>, tensor<2x3xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: %[[V5:[^ :,]+]] = tp.all_reduce sum %[[V4]] on "tp" why "output" : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: nn.return %[[V5]] : tensor<2x3x5xf64>
    %x0 = nn.read @x0 : tensor<2x2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>
    %0 = nn.sum %x0 dims [0] : (tensor<2x2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>) -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %1 = nn.read @x1 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    %2 = nn.read @x2 : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>
    %r = nn.layer_normalize_grad %0, %1, %2 : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>, tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>, tensor<2x3xf64, #tp.sharding<@mesh, [{}, {}]>>) -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}
