// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.merge_dims becomes on two ranks, for each way to split it; the pass proves what it made.

// split d0: (split(0)) -> (split(0))
// CHECK-LABEL: module @split_d0
module @split_d0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x4x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.merge_dims %[[V0]] dim 1 : (tensor<1x3x4x5xf64>) -> tensor<1x12x5xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.all_gather %[[V1]] dim 0 on "tp" why "output" : (tensor<1x12x5xf64>) -> tensor<2x12x5xf64>
    // CHECK-NEXT: nn.return %[[V2]] : tensor<2x12x5xf64>
    %0 = nn.read @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>
    %r = nn.merge_dims %0 dim 1 : (tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>) -> tensor<2x12x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x12x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> -> tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split major: (split(1)) -> (split(1))
// CHECK-LABEL: module @split_major
module @split_major {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2x4x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.merge_dims %[[V0]] dim 1 : (tensor<2x2x4x5xf64>) -> tensor<2x8x5xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.all_gather %[[V1]] dim 1 on "tp" why "output" : (tensor<2x8x5xf64>) -> tensor<2x16x5xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.slice %[[V2]] dim 1 start 0 size 12 : (tensor<2x16x5xf64>) -> tensor<2x12x5xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<2x12x5xf64>
    %0 = nn.read @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}, {}]>>
    %r = nn.merge_dims %0 dim 1 : (tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}, {}]>>) -> tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp", 4}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp", 4}, {}]>> -> tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split minor: (split(2)) -> (split(1))
// CHECK-LABEL: module @split_minor
module @split_minor {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs [] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x2x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.merge_dims %[[V0]] dim 1 : (tensor<2x3x2x5xf64>) -> tensor<2x6x5xf64>
    // CHECK-NEXT: nn.return
    %0 = nn.read @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>
    %r = nn.merge_dims %0 dim 1 : (tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>) -> tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {3, 4 "tp"}, {}]>>
    nn.return
  }
}

// -----

// split d2: (split(3)) -> (split(2))
// CHECK-LABEL: module @split_d2
module @split_d2 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {5:6 "tp"}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x4x3xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.merge_dims %[[V0]] dim 1 : (tensor<2x3x4x3xf64>) -> tensor<2x12x3xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.all_gather %[[V1]] dim 2 on "tp" why "output" : (tensor<2x12x3xf64>) -> tensor<2x12x6xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.slice %[[V2]] dim 2 start 0 size 5 : (tensor<2x12x6xf64>) -> tensor<2x12x5xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<2x12x5xf64>
    %0 = nn.read @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {5:6 "tp"}]>>
    %r = nn.merge_dims %0 dim 1 : (tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {5:6 "tp"}]>>) -> tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}]>> -> tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// linear in 0: (partial(sum)) -> (partial(sum))
// CHECK-LABEL: module @linear_in_0
module @linear_in_0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x2x3x4x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}, {}]>> dims ["", "", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x2x3x4x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.sum %[[V0]] dims [0] : (tensor<1x2x3x4x5xf64>) -> tensor<2x3x4x5xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.merge_dims %[[V1]] dim 1 : (tensor<2x3x4x5xf64>) -> tensor<2x12x5xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_reduce sum %[[V2]] on "tp" why "output" : (tensor<2x12x5xf64>) -> tensor<2x12x5xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<2x12x5xf64>
    %x0 = nn.read @x0 : tensor<2x2x3x4x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}, {}]>>
    %0 = nn.sum %x0 dims [0] : (tensor<2x2x3x4x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}, {}]>>) -> tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {}], partial = {"tp"}>>
    %r = nn.merge_dims %0 dim 1 : (tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {}], partial = {"tp"}>>) -> tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x12x5xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split d1: (split(1)) -> (split(1))
// CHECK-LABEL: module @split_d1
module @split_d1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<1x3x6x2xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x2x6x2xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.merge_dims %[[V0]] dim 2 : (tensor<1x2x6x2xf64>) -> tensor<1x2x12xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.all_gather %[[V1]] dim 1 on "tp" why "output" : (tensor<1x2x12xf64>) -> tensor<1x4x12xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.slice %[[V2]] dim 1 start 0 size 3 : (tensor<1x4x12xf64>) -> tensor<1x3x12xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<1x3x12xf64>
    %0 = nn.read @x0 : tensor<1x3x6x2xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}, {}]>>
    %r = nn.merge_dims %0 dim 2 : (tensor<1x3x6x2xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}, {}]>>) -> tensor<1x3x12xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<1x3x12xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> -> tensor<1x3x12xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<1x3x12xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}
