// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.linear_weight_grad becomes on two ranks, for each way to split it; the pass proves what it made.

// split row0: (split(0), split(0)) -> (partial(sum))
// CHECK-LABEL: module @split_row0
module @split_row0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x3x4xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.linear_weight_grad %[[V0]], %[[V1]] : (tensor<1x3x5xf64>, tensor<1x3x4xf64>) -> tensor<5x4xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_reduce sum %[[V2]] on "tp" why "output" : (tensor<5x4xf64>) -> tensor<5x4xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<5x4xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %1 = nn.read @x1 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %r = nn.linear_weight_grad %0, %1 : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>, tensor<2x3x4xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>) -> tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0 : tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// split row1: (split(1), split(1)) -> (partial(sum))
// CHECK-LABEL: module @split_row1
module @split_row1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x2x4xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.linear_weight_grad %[[V0]], %[[V1]] : (tensor<2x2x5xf64>, tensor<2x2x4xf64>) -> tensor<5x4xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_reduce sum %[[V2]] on "tp" why "output" : (tensor<5x4xf64>) -> tensor<5x4xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<5x4xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %1 = nn.read @x1 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %r = nn.linear_weight_grad %0, %1 : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>, tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>) -> tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0 : tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// split out: (split(2), replicated) -> (split(0))
// CHECK-LABEL: module @split_out
module @split_out {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x3xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x3x4xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.linear_weight_grad %[[V0]], %[[V1]] : (tensor<2x3x3xf64>, tensor<2x3x4xf64>) -> tensor<3x4xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 0 on "tp" why "output" : (tensor<3x4xf64>) -> tensor<6x4xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.slice %[[V3]] dim 0 start 0 size 5 : (tensor<6x4xf64>) -> tensor<5x4xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<5x4xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>>
    %1 = nn.read @x1 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    %r = nn.linear_weight_grad %0, %1 : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>>, tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>>) -> tensor<5x4xf64, #tp.sharding<@mesh, [{5:6 "tp"}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<5x4xf64, #tp.sharding<@mesh, [{5:6 "tp"}, {}]>> -> tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0 : tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// split in: (replicated, split(2)) -> (split(1))
// CHECK-LABEL: module @split_in
module @split_in {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x3x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.linear_weight_grad %[[V0]], %[[V1]] : (tensor<2x3x5xf64>, tensor<2x3x2xf64>) -> tensor<5x2xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 1 on "tp" why "output" : (tensor<5x2xf64>) -> tensor<5x4xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<5x4xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    %1 = nn.read @x1 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}]>>
    %r = nn.linear_weight_grad %0, %1 : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>, tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}]>>) -> tensor<5x4xf64, #tp.sharding<@mesh, [{}, {"tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<5x4xf64, #tp.sharding<@mesh, [{}, {"tp"}]>> -> tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0 : tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// linear in 0: (partial(sum), replicated) -> (partial(sum))
// CHECK-LABEL: module @linear_in_0
module @linear_in_0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x2x3x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.sum %[[V0]] dims [0] : (tensor<1x2x3x5xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x1 : tensor<2x3x4xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.linear_weight_grad %[[V1]], %[[V2]] : (tensor<2x3x5xf64>, tensor<2x3x4xf64>) -> tensor<5x4xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_reduce sum %[[V3]] on "tp" why "output" : (tensor<5x4xf64>) -> tensor<5x4xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<5x4xf64>
    %x0 = nn.read @x0 : tensor<2x2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>
    %0 = nn.sum %x0 dims [0] : (tensor<2x2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>) -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %1 = nn.read @x1 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    %r = nn.linear_weight_grad %0, %1 : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>, tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>>) -> tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0 : tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// linear in 1: (replicated, partial(sum)) -> (partial(sum))
// CHECK-LABEL: module @linear_in_1
module @linear_in_1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x2x3x4xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x2x3x4xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.sum %[[V1]] dims [0] : (tensor<1x2x3x4xf64>) -> tensor<2x3x4xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.linear_weight_grad %[[V0]], %[[V2]] : (tensor<2x3x5xf64>, tensor<2x3x4xf64>) -> tensor<5x4xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_reduce sum %[[V3]] on "tp" why "output" : (tensor<5x4xf64>) -> tensor<5x4xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<5x4xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    %x1 = nn.read @x1 : tensor<2x2x3x4xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>
    %1 = nn.sum %x1 dims [0] : (tensor<2x2x3x4xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>) -> tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %r = nn.linear_weight_grad %0, %1 : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>, tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>) -> tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0 : tensor<5x4xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}
