// RUN: tpc-opt %s -split-input-file --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s

// What nn.embedding becomes on two ranks, for each way to split it; the pass proves what it made.

// split row0: (split(0), replicated) -> (split(0))
// CHECK-LABEL: module @split_row0
module @split_row0 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>> dims ["", ""]
  nn.input @x1 : tensor<7x4xf64, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<1x3xi32>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<7x4xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.embedding %[[V0]], %[[V1]] : (tensor<1x3xi32>, tensor<7x4xf64>) -> tensor<1x3x4xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 0 on "tp" why "output" : (tensor<1x3x4xf64>) -> tensor<2x3x4xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<2x3x4xf64>
    %0 = nn.read @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %1 = nn.read @x1 : tensor<7x4xf64, #tp.sharding<@mesh, [{}, {}]>>
    %r = nn.embedding %0, %1 : (tensor<2x3xi32, #tp.sharding<@mesh, [{"tp"}, {}]>>, tensor<7x4xf64, #tp.sharding<@mesh, [{}, {}]>>) -> tensor<2x3x4xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x4xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> -> tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split row1: (split(1), replicated) -> (split(1))
// CHECK-LABEL: module @split_row1
module @split_row1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>> dims ["", ""]
  nn.input @x1 : tensor<7x4xf64, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x2xi32>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<7x4xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.embedding %[[V0]], %[[V1]] : (tensor<2x2xi32>, tensor<7x4xf64>) -> tensor<2x2x4xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 1 on "tp" why "output" : (tensor<2x2x4xf64>) -> tensor<2x4x4xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.slice %[[V3]] dim 1 start 0 size 3 : (tensor<2x4x4xf64>) -> tensor<2x3x4xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<2x3x4xf64>
    %0 = nn.read @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>
    %1 = nn.read @x1 : tensor<7x4xf64, #tp.sharding<@mesh, [{}, {}]>>
    %r = nn.embedding %0, %1 : (tensor<2x3xi32, #tp.sharding<@mesh, [{}, {3:4 "tp"}]>>, tensor<7x4xf64, #tp.sharding<@mesh, [{}, {}]>>) -> tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"}, {}]>> -> tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split vocab: (replicated, split(0)) -> (partial(sum))
// CHECK-LABEL: module @split_vocab
module @split_vocab {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.input @x1 : tensor<7x4xf64, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3xi32>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<4x4xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = tp.offset 4 on "tp"
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.embedding %[[V0]], %[[V1]] at %[[V2]] : (tensor<2x3xi32>, tensor<4x4xf64>, index) -> tensor<2x3x4xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_reduce sum %[[V3]] on "tp" why "output" : (tensor<2x3x4xf64>) -> tensor<2x3x4xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<2x3x4xf64>
    %0 = nn.read @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>>
    %1 = nn.read @x1 : tensor<7x4xf64, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>
    %r = nn.embedding %0, %1 : (tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>>, tensor<7x4xf64, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>) -> tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// split features: (replicated, split(1)) -> (split(2))
// CHECK-LABEL: module @split_features
module @split_features {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.input @x1 : tensor<7x4xf64, #tp.sharding<@mesh, [{}, {"tp"}]>> dims ["", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3xi32>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<7x2xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.embedding %[[V0]], %[[V1]] : (tensor<2x3xi32>, tensor<7x2xf64>) -> tensor<2x3x2xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = tp.all_gather %[[V2]] dim 2 on "tp" why "output" : (tensor<2x3x2xf64>) -> tensor<2x3x4xf64>
    // CHECK-NEXT: nn.return %[[V3]] : tensor<2x3x4xf64>
    %0 = nn.read @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>>
    %1 = nn.read @x1 : tensor<7x4xf64, #tp.sharding<@mesh, [{}, {"tp"}]>>
    %r = nn.embedding %0, %1 : (tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>>, tensor<7x4xf64, #tp.sharding<@mesh, [{}, {"tp"}]>>) -> tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}]>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {"tp"}]>> -> tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}

// -----

// linear in 1: (replicated, partial(sum)) -> (partial(sum))
// CHECK-LABEL: module @linear_in_1
module @linear_in_1 {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.input @x1 : tensor<2x7x4xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>> dims ["", "", ""]
  // CHECK: nn.entry @f
  nn.entry @f outputs ["y0"] {
    // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 : tensor<2x3xi32>
    // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 : tensor<1x7x4xf64>
    // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.sum %[[V1]] dims [0] : (tensor<1x7x4xf64>) -> tensor<7x4xf64>
    // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.embedding %[[V0]], %[[V2]] : (tensor<2x3xi32>, tensor<7x4xf64>) -> tensor<2x3x4xf64>
    // CHECK-NEXT: %[[V4:[^ :,]+]] = tp.all_reduce sum %[[V3]] on "tp" why "output" : (tensor<2x3x4xf64>) -> tensor<2x3x4xf64>
    // CHECK-NEXT: nn.return %[[V4]] : tensor<2x3x4xf64>
    %0 = nn.read @x0 : tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>>
    %x1 = nn.read @x1 : tensor<2x7x4xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>
    %1 = nn.sum %x1 dims [0] : (tensor<2x7x4xf64, #tp.sharding<@mesh, [{"tp"}, {}, {}]>>) -> tensor<7x4xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>
    %r = nn.embedding %0, %1 : (tensor<2x3xi32, #tp.sharding<@mesh, [{}, {}]>>, tensor<7x4xf64, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>) -> tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
    %s0 = tp.reshard %r why "output" : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
    nn.return %s0 : tensor<2x3x4xf64, #tp.sharding<@mesh, [{}, {}, {}]>>
  }
}
