// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.concat becomes on two ranks, for each way to split it; the pass proves what it made.

// split d0: (split(0), split(0)) -> (split(0))
// CHECK-LABEL: module @split_d0
module @split_d0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<4x2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<4x3x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2x3xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x3x3xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.concat %[[V0]], %[[V1]] dim 1 : (tensor<2x2x3xf64>, tensor<2x3x3xf64>) -> tensor<2x5x3xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 0 on "tp" why "output" : (tensor<2x5x3xf64>) -> tensor<4x5x3xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<4x5x3xf64>
    %0 = nn.read @x0 : tensor<4x2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %1 = nn.read @x1 : tensor<4x3x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %r = nn.concat %0, %1 dim 1 : (tensor<4x2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>, tensor<4x3x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>) -> tensor<4x5x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<4x5x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> -> tensor<4x5x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<4x5x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split d2: (split(2), split(2)) -> (split(2))
// CHECK-LABEL: module @split_d2
module @split_d2 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<4x2x3xf64, #tp.sharding<@mesh, [{}, {}, {3:4 "tp"}]>> dims ["", "", ""]
  nn.input @x1 : tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {3:4 "tp"}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<4x2x2xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<4x3x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.concat %[[V0]], %[[V1]] dim 1 : (tensor<4x2x2xf64>, tensor<4x3x2xf64>) -> tensor<4x5x2xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 2 on "tp" why "output" : (tensor<4x5x2xf64>) -> tensor<4x5x4xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.slice %[[V3]] dim 2 start 0 size 3 : (tensor<4x5x4xf64>) -> tensor<4x5x3xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<4x5x3xf64>
    %0 = nn.read @x0 : tensor<4x2x3xf64, #tp.sharding<@mesh, [{}, {}, {3:4 "tp"}]>>
    %1 = nn.read @x1 : tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {3:4 "tp"}]>>
    %r = nn.concat %0, %1 dim 1 : (tensor<4x2x3xf64, #tp.sharding<@mesh, [{}, {}, {3:4 "tp"}]>>, tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {3:4 "tp"}]>>) -> tensor<4x5x3xf64, #tp.sharding<@mesh, [{}, {}, {3:4 "tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<4x5x3xf64, #tp.sharding<@mesh, [{}, {}, {3:4 "tp"}]>> -> tensor<4x5x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<4x5x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// linear in 0 and 1: (partial(sum), partial(sum)) -> (partial(sum))
// CHECK-LABEL: module @linear_in_0_and_1
module @linear_in_0_and_1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x4x2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<2x4x3x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x4x2x3xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.sum %[[V0]] dims [0] : (tensor<1x4x2x3xf64>) -> tensor<4x2x3xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x1 : tensor<1x4x3x3xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.sum %[[V2]] dims [0] : (tensor<1x4x3x3xf64>) -> tensor<4x3x3xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.concat %[[V1]], %[[V3]] dim 1 : (tensor<4x2x3xf64>, tensor<4x3x3xf64>) -> tensor<4x5x3xf64>
    // CHECK-NEXT: %[[V5:[^ :,]+]] = tp.all_reduce sum %[[V4]] on "tp" why "output" : (tensor<4x5x3xf64>) -> tensor<4x5x3xf64>
    // CHECK-NEXT: nn.return %[[V5]] : tensor<4x5x3xf64>
    %x0 = nn.read @x0 : tensor<2x4x2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>
    %0 = nn.sum %x0 dims [0] : (tensor<2x4x2x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>) -> tensor<4x2x3xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %x1 = nn.read @x1 : tensor<2x4x3x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>
    %1 = nn.sum %x1 dims [0] : (tensor<2x4x3x3xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>) -> tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %r = nn.concat %0, %1 dim 1 : (tensor<4x2x3xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>, tensor<4x3x3xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>) -> tensor<4x5x3xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<4x5x3xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<4x5x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<4x5x3xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split d1: (split(1), split(1), split(1)) -> (split(1))
// CHECK-LABEL: module @split_d1
module @split_d1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<1x5xf64, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>> dims ["", ""]
  nn.input @x1 : tensor<2x5xf64, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>> dims ["", ""]
  nn.input @x2 : tensor<1x5xf64, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x3xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 : tensor<1x3xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.concat %[[V0]], %[[V1]], %[[V2]] dim 0 : (tensor<1x3xf64>, tensor<2x3xf64>, tensor<1x3xf64>) -> tensor<4x3xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_gather %[[V3]] dim 1 on "tp" why "output" : (tensor<4x3xf64>) -> tensor<4x6xf64>
    // CHECK-NEXT: %[[V5:[^ :,]+]] = nn.slice %[[V4]] dim 1 start 0 size 5 : (tensor<4x6xf64>) -> tensor<4x5xf64>
    // CHECK-NEXT: nn.return %[[V5]] : tensor<4x5xf64>
    %0 = nn.read @x0 : tensor<1x5xf64, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>>
    %1 = nn.read @x1 : tensor<2x5xf64, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>>
    %2 = nn.read @x2 : tensor<1x5xf64, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>>
    %r = nn.concat %0, %1, %2 dim 0 : (tensor<1x5xf64, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>>, tensor<2x5xf64, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>>, tensor<1x5xf64, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>>) -> tensor<4x5xf64, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<4x5xf64, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>> -> tensor<4x5xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0 : tensor<4x5xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// linear in 0, 1 and 2: (partial(sum), partial(sum), partial(sum)) -> (partial(sum))
// CHECK-LABEL: module @linear_in_0_1_and_2
module @linear_in_0_1_and_2 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x1x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  nn.input @x1 : tensor<2x2x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  nn.input @x2 : tensor<2x1x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x1x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.sum %[[V0]] dims [0] : (tensor<1x1x5xf64>) -> tensor<1x5xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x1 : tensor<1x2x5xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.sum %[[V2]] dims [0] : (tensor<1x2x5xf64>) -> tensor<2x5xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.read @x2 : tensor<1x1x5xf64>
    // CHECK-NEXT: %[[V5:[^ :,]+]] = nn.sum %[[V4]] dims [0] : (tensor<1x1x5xf64>) -> tensor<1x5xf64>
    // CHECK-NEXT: %[[V6:[^ :,]+]] = nn.concat %[[V1]], %[[V3]], %[[V5]] dim 0 : (tensor<1x5xf64>, tensor<2x5xf64>, tensor<1x5xf64>) -> tensor<4x5xf64>
    // CHECK-NEXT: %[[V7:[^ :,]+]] = tp.all_reduce sum %[[V6]] on "tp" why "output" : (tensor<4x5xf64>) -> tensor<4x5xf64>
    // CHECK-NEXT: nn.return %[[V7]] : tensor<4x5xf64>
    %x0 = nn.read @x0 : tensor<2x1x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %0 = nn.sum %x0 dims [0] : (tensor<2x1x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>) -> tensor<1x5xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>
    %x1 = nn.read @x1 : tensor<2x2x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %1 = nn.sum %x1 dims [0] : (tensor<2x2x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>) -> tensor<2x5xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>
    %x2 = nn.read @x2 : tensor<2x1x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %2 = nn.sum %x2 dims [0] : (tensor<2x1x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>) -> tensor<1x5xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>
    %r = nn.concat %0, %1, %2 dim 0 : (tensor<1x5xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>, tensor<2x5xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>, tensor<1x5xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>) -> tensor<4x5xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<4x5xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<4x5xf64, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %s0 : tensor<4x5xf64, #tp.sharding<@mesh, [{}, {}]>>
  }
}
