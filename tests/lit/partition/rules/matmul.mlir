// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.matmul becomes on two ranks, for each way to split it; the pass proves what it made.

// split batch0: (split(0), split(0)) -> (split(0))
// CHECK-LABEL: module @split_batch0
module @split_batch0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3x4x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x3x5x6xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.matmul %[[V0]], %[[V1]] : (tensor<1x3x4x5xf64>, tensor<1x3x5x6xf64>) -> tensor<1x3x4x6xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 0 on "tp" why "output" : (tensor<1x3x4x6xf64>) -> tensor<2x3x4x6xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<2x3x4x6xf64>
    %0 = nn.read @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>
    %1 = nn.read @x1 : tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>
    %r = nn.matmul %0, %1 : (tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>, tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>) -> tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}]>> -> tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    nn.return %s0 : tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
  }
}

// -----

// split batch1: (split(1), split(1)) -> (split(1))
// CHECK-LABEL: module @split_batch1
module @split_batch1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2x4x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x2x5x6xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.matmul %[[V0]], %[[V1]] : (tensor<2x2x4x5xf64>, tensor<2x2x5x6xf64>) -> tensor<2x2x4x6xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 1 on "tp" why "output" : (tensor<2x2x4x6xf64>) -> tensor<2x4x4x6xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.slice %[[V3]] dim 1 start 0 size 3 : (tensor<2x4x4x6xf64>) -> tensor<2x3x4x6xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<2x3x4x6xf64>
    %0 = nn.read @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}, {}]>>
    %1 = nn.read @x1 : tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}, {}]>>
    %r = nn.matmul %0, %1 : (tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}, {}]>>, tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}, {}]>>) -> tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}, {}]>> -> tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    nn.return %s0 : tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
  }
}

// -----

// split m: (split(2), replicated) -> (split(2))
// CHECK-LABEL: module @split_m
module @split_m {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x2x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x3x5x6xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.matmul %[[V0]], %[[V1]] : (tensor<2x3x2x5xf64>, tensor<2x3x5x6xf64>) -> tensor<2x3x2x6xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 2 on "tp" why "output" : (tensor<2x3x2x6xf64>) -> tensor<2x3x4x6xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<2x3x4x6xf64>
    %0 = nn.read @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>
    %1 = nn.read @x1 : tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    %r = nn.matmul %0, %1 : (tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>, tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>) -> tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}, {}]>> -> tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    nn.return %s0 : tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
  }
}

// -----

// split n: (replicated, split(3)) -> (split(3))
// CHECK-LABEL: module @split_n
module @split_n {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {"tp"}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x4x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x3x5x3xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.matmul %[[V0]], %[[V1]] : (tensor<2x3x4x5xf64>, tensor<2x3x5x3xf64>) -> tensor<2x3x4x3xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 3 on "tp" why "output" : (tensor<2x3x4x3xf64>) -> tensor<2x3x4x6xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<2x3x4x6xf64>
    %0 = nn.read @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    %1 = nn.read @x1 : tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {"tp"}]>>
    %r = nn.matmul %0, %1 : (tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>, tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {"tp"}]>>) -> tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {"tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {"tp"}]>> -> tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    nn.return %s0 : tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
  }
}

// -----

// split k: (split(3), split(2)) -> (partial(sum))
// CHECK-LABEL: module @split_k
module @split_k {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {5:6 "tp"}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x4x3xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<2x3x3x6xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.matmul %[[V0]], %[[V1]] : (tensor<2x3x4x3xf64>, tensor<2x3x3x6xf64>) -> tensor<2x3x4x6xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_reduce sum %[[V2]] on "tp" why "output" : (tensor<2x3x4x6xf64>) -> tensor<2x3x4x6xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<2x3x4x6xf64>
    %0 = nn.read @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {5:6 "tp"}]>>
    %1 = nn.read @x1 : tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}, {}]>>
    %r = nn.matmul %0, %1 : (tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {5:6 "tp"}]>>, tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {}, {5:6 "tp"}, {}]>>) -> tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}], partial = {"tp"}>> -> tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    nn.return %s0 : tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
  }
}

// -----

// linear in 0: (partial(sum), replicated) -> (partial(sum))
// CHECK-LABEL: module @linear_in_0
module @linear_in_0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x2x3x4x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}, {}]>> dims ["", "", "", "", ""]
  nn.input @x1 : tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>> dims ["", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x2x3x4x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.sum %[[V0]] dims [0] : (tensor<1x2x3x4x5xf64>) -> tensor<2x3x4x5xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x1 : tensor<2x3x5x6xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.matmul %[[V1]], %[[V2]] : (tensor<2x3x4x5xf64>, tensor<2x3x5x6xf64>) -> tensor<2x3x4x6xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_reduce sum %[[V3]] on "tp" why "output" : (tensor<2x3x4x6xf64>) -> tensor<2x3x4x6xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<2x3x4x6xf64>
    %x0 = nn.read @x0 : tensor<2x2x3x4x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}, {}]>>
    %0 = nn.sum %x0 dims [0] : (tensor<2x2x3x4x5xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}, {}]>>) -> tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {}], partial = {"tp"}>>
    %1 = nn.read @x1 : tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    %r = nn.matmul %0, %1 : (tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {}], partial = {"tp"}>>, tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>) -> tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}], partial = {"tp"}>> -> tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    nn.return %s0 : tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
  }
}

// -----

// linear in 1: (replicated, partial(sum)) -> (partial(sum))
// CHECK-LABEL: module @linear_in_1
module @linear_in_1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>> dims ["", "", "", ""]
  nn.input @x1 : tensor<2x2x3x5x6xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}, {}]>> dims ["", "", "", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3x4x5xf64>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x2x3x5x6xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.sum %[[V1]] dims [0] : (tensor<1x2x3x5x6xf64>) -> tensor<2x3x5x6xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.matmul %[[V0]], %[[V2]] : (tensor<2x3x4x5xf64>, tensor<2x3x5x6xf64>) -> tensor<2x3x4x6xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_reduce sum %[[V3]] on "tp" why "output" : (tensor<2x3x4x6xf64>) -> tensor<2x3x4x6xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<2x3x4x6xf64>
    %0 = nn.read @x0 : tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    %x1 = nn.read @x1 : tensor<2x2x3x5x6xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}, {}]>>
    %1 = nn.sum %x1 dims [0] : (tensor<2x2x3x5x6xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}, {}, {}]>>) -> tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}], partial = {"tp"}>>
    %r = nn.matmul %0, %1 : (tensor<2x3x4x5xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>, tensor<2x3x5x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}], partial = {"tp"}>>) -> tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}], partial = {"tp"}>> -> tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
    nn.return %s0 : tensor<2x3x4x6xf64, #tp.sharding<@mesh, [{}, {}, {}, {}]>>
  }
}
