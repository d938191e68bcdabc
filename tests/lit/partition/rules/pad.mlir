// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.pad becomes on two ranks, for each way to split it; the pass proves what it made.

// split d0: (split(0)) -> (split(0))
// CHECK-LABEL: module @split_d0
module @split_d0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<4x3x2xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x2xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.pad %[[V0]] dim 1 start 2 : (tensor<2x3x2xf64>) -> tensor<2x7x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.all_gather %[[V1]] dim 0 on "tp" why "output" : (tensor<2x7x2xf64>) -> tensor<4x7x2xf64>
    // CHECK-NEXT: nn.return %[[V2]] : tensor<4x7x2xf64>
    %0 = nn.read @x0 : tensor<4x3x2xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %r = nn.pad %0 dim 1 start 2 : (tensor<4x3x2xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>) -> tensor<4x7x2xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<4x7x2xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> -> tensor<4x7x2xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<4x7x2xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split d2: (split(2)) -> (split(2))
// CHECK-LABEL: module @split_d2
module @split_d2 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<4x3x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<4x3x1xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.pad %[[V0]] dim 1 start 2 : (tensor<4x3x1xf64>) -> tensor<4x7x1xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.all_gather %[[V1]] dim 2 on "tp" why "output" : (tensor<4x7x1xf64>) -> tensor<4x7x2xf64>
    // CHECK-NEXT: nn.return %[[V2]] : tensor<4x7x2xf64>
    %0 = nn.read @x0 : tensor<4x3x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}]>>
    %r = nn.pad %0 dim 1 start 2 : (tensor<4x3x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}]>>) -> tensor<4x7x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<4x7x2xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}]>> -> tensor<4x7x2xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<4x7x2xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// linear in 0: (partial(sum)) -> (partial(sum))
// CHECK-LABEL: module @linear_in_0
module @linear_in_0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x4x3x2xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x4x3x2xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.sum %[[V0]] dims [0] : (tensor<1x4x3x2xf64>) -> tensor<4x3x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.pad %[[V1]] dim 1 start 2 : (tensor<4x3x2xf64>) -> tensor<4x7x2xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_reduce sum %[[V2]] on "tp" why "output" : (tensor<4x7x2xf64>) -> tensor<4x7x2xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<4x7x2xf64>
    %x0 = nn.read @x0 : tensor<2x4x3x2xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>
    %0 = nn.sum %x0 dims [0] : (tensor<2x4x3x2xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>) -> tensor<4x3x2xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %r = nn.pad %0 dim 1 start 2 : (tensor<4x3x2xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>) -> tensor<4x7x2xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<4x7x2xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<4x7x2xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<4x7x2xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}
