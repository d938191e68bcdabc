// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.slice becomes on two ranks, for each way to split it; the pass proves what it made.

// split d0: (split(0)) -> (split(0))
// CHECK-LABEL: module @split_d0
module @split_d0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<4x6x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x6x3xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.slice %[[V0]] dim 1 start 2 size 3 : (tensor<2x6x3xf64>) -> tensor<2x3x3xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.all_gather %[[V1]] dim 0 on "tp" why "output" : (tensor<2x3x3xf64>) -> tensor<4x3x3xf64>
    // CHECK-NEXT: nn.return %[[V2]] : tensor<4x3x3xf64>
    %0 = nn.read @x0 : tensor<4x6x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %r = nn.slice %0 dim 1 start 2 size 3 : (tensor<4x6x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>) -> tensor<4x3x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<4x3x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> -> tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split d2: (split(2)) -> (split(2))
// CHECK-LABEL: module @split_d2
module @split_d2 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<4x6x3xf64, #tp.sharding<@mesh, [{}, {}, {3:4 "tp"}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<4x6x2xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.slice %[[V0]] dim 1 start 2 size 3 : (tensor<4x6x2xf64>) -> tensor<4x3x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.all_gather %[[V1]] dim 2 on "tp" why "output" : (tensor<4x3x2xf64>) -> tensor<4x3x4xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.slice %[[V2]] dim 2 start 0 size 3 : (tensor<4x3x4xf64>) -> tensor<4x3x3xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<4x3x3xf64>
    %0 = nn.read @x0 : tensor<4x6x3xf64, #tp.sharding<@mesh, [{}, {}, {3:4 "tp"}]>>
    %r = nn.slice %0 dim 1 start 2 size 3 : (tensor<4x6x3xf64, #tp.sharding<@mesh, [{}, {}, {3:4 "tp"}]>>) -> tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {3:4 "tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {3:4 "tp"}]>> -> tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// linear in 0: (partial(sum)) -> (partial(sum))
// CHECK-LABEL: module @linear_in_0
module @linear_in_0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x4x6x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x4x6x3xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.sum %[[V0]] dims [0] : (tensor<1x4x6x3xf64>) -> tensor<4x6x3xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.slice %[[V1]] dim 1 start 2 size 3 : (tensor<4x6x3xf64>) -> tensor<4x3x3xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_reduce sum %[[V2]] on "tp" why "output" : (tensor<4x3x3xf64>) -> tensor<4x3x3xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<4x3x3xf64>
    %x0 = nn.read @x0 : tensor<2x4x6x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>
    %0 = nn.sum %x0 dims [0] : (tensor<2x4x6x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>) -> tensor<4x6x3xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %r = nn.slice %0 dim 1 start 2 size 3 : (tensor<4x6x3xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>) -> tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}
