// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.silu_grad becomes on two ranks, for each way to split it; the pass proves what it made.

// split d0: (split(0), split(0)) -> (split(0))
// CHECK-LABEL: module @split_d0
module @split_d0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x3x5xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.silu_grad %[[V0]], %[[V1]] : (tensor<1x3x5xf64>, tensor<1x3x5xf64>) -> tensor<1x3x5xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 0 on "tp" why "output" : (tensor<1x3x5xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<2x3x5xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %1 = nn.read @x1 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %r = nn.silu_grad %0, %1 : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>, tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>) -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split d1: (split(1), split(1)) -> (split(1))
// CHECK-LABEL: module @split_d1
module @split_d1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x2x5xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.silu_grad %[[V0]], %[[V1]] : (tensor<2x2x5xf64>, tensor<2x2x5xf64>) -> tensor<2x2x5xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 1 on "tp" why "output" : (tensor<2x2x5xf64>) -> tensor<2x4x5xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.slice %[[V3]] dim 1 start 0 size 3 : (tensor<2x4x5xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<2x3x5xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %1 = nn.read @x1 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %r = nn.silu_grad %0, %1 : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>, tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>) -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split d2: (split(2), split(2)) -> (split(2))
// CHECK-LABEL: module @split_d2
module @split_d2 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x3xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x3x3xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.silu_grad %[[V0]], %[[V1]] : (tensor<2x3x3xf64>, tensor<2x3x3xf64>) -> tensor<2x3x3xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 2 on "tp" why "output" : (tensor<2x3x3xf64>) -> tensor<2x3x6xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.slice %[[V3]] dim 2 start 0 size 5 : (tensor<2x3x6xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<2x3x5xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>>
    %1 = nn.read @x1 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>>
    %r = nn.silu_grad %0, %1 : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>>, tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>>) -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>> -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// linear in 1: (replicated, partial(sum)) -> (partial(sum))
// CHECK-LABEL: module @linear_in_1
module @linear_in_1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x2x3x5xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.sum %[[V1]] dims [0] : (tensor<1x2x3x5xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.silu_grad %[[V0]], %[[V2]] : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_reduce sum %[[V3]] on "tp" why "output" : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<2x3x5xf64>
    %0 = nn.read @x0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    %x1 = nn.read @x1 : tensor<2x2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>
    %1 = nn.sum %x1 dims [0] : (tensor<2x2x3x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>) -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %r = nn.silu_grad %0, %1 : (tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>, tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>) -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}
