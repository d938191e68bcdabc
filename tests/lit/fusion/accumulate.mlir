// RUN: tpc-opt %s -tpc-fuse -tpc-verify-fused -tpc-share-memory | FileCheck %s

module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @dq : tensor<4x8xf32> dims ["", ""]
  nn.input @dk : tensor<4x8xf32> dims ["", ""]
  nn.input @dv : tensor<4x8xf32> dims ["", ""]
  nn.input @ids : tensor<4xi32> dims [""]
  nn.parameter @w : tensor<8x8xf32> init #nn.init<zeros>
  nn.parameter @table : tensor<16x8xf32> init #nn.init<zeros>

  // The first product is the sum; each further one adds to it, and the sum is reduced once.
  // CHECK-LABEL: nn.entry @inputs
  // CHECK: %[[Q:.+]] = nn.linear_input_grad
  // CHECK: %[[K:.+]] = nn.kernel "linear_input_grad+add" (%[[SUM:.+]] = %[[Q]] : tensor<4x8xf32>, %[[A:.+]] = %{{.+}} : tensor<4x8xf32>, %[[B:.+]] = %{{.+}} : tensor<8x8xf32>) -> (tensor<4x8xf32>) attributes {in_place = array<i64: 0, 0>, nn.phase = "backward", nn.scope = "h.0.attn"}
  // CHECK-NEXT: %[[P:.+]] = nn.linear_input_grad %[[A]], %[[B]]
  // CHECK-NEXT: %[[Y:.+]] = nn.add %[[SUM]], %[[P]]
  // CHECK-NEXT: nn.yield %[[Y]]
  // CHECK: %[[V:.+]] = nn.kernel "linear_input_grad+add" (%{{.+}} = %[[K]]
  // CHECK-NOT: nn.add %[[Q]]
  // CHECK: tp.all_reduce sum %[[V]]
  nn.entry @inputs outputs ["dx"] {
    %dq = nn.read @dq : tensor<4x8xf32>
    %dk = nn.read @dk : tensor<4x8xf32>
    %dv = nn.read @dv : tensor<4x8xf32>
    %w = nn.read @w : tensor<8x8xf32>
    %q = nn.linear_input_grad %dq, %w {nn.phase = "backward", nn.scope = "h.0.attn"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %k = nn.linear_input_grad %dk, %w {nn.phase = "backward", nn.scope = "h.0.attn"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %v = nn.linear_input_grad %dv, %w {nn.phase = "backward", nn.scope = "h.0.attn"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %s = nn.add %q, %k, %v {nn.phase = "backward"} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %s on "tp" why "column split" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %r : tensor<4x8xf32>
  }

  // The gradient of a tied table is the head's, to which rows are added.
  // CHECK-LABEL: nn.entry @tied
  // CHECK: %[[W:.+]] = nn.linear_weight_grad
  // CHECK: nn.kernel "embedding_grad+add" (%{{.+}} = %[[W]] : tensor<16x8xf32>
  // CHECK-SAME: in_place = array<i64: 0, 0>
  nn.entry @tied outputs ["s"] {
    %dq = nn.read @dq : tensor<4x8xf32>
    %ids = nn.read @ids : tensor<4xi32>
    %t = nn.read @table : tensor<16x8xf32>
    %x = nn.linear %dq, %t : (tensor<4x8xf32>, tensor<16x8xf32>) -> tensor<4x16xf32>
    %head = nn.linear_weight_grad %x, %dq : (tensor<4x16xf32>, tensor<4x8xf32>) -> tensor<16x8xf32>
    %rows = nn.embedding_grad %ids, %dq like %t : (tensor<4xi32>, tensor<4x8xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>
    %g = nn.add %head, %rows : (tensor<16x8xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>
    %q = nn.square %g : (tensor<16x8xf32>) -> tensor<16x8xf32>
    %s = nn.sum %q dims [0, 1] : (tensor<16x8xf32>) -> tensor<f32>
    nn.return %s : tensor<f32>
  }

  // A product that something else reads as well is needed by itself.
  // CHECK-LABEL: nn.entry @shared
  // CHECK-NOT: linear_input_grad+add
  // CHECK: nn.kernel "add
  nn.entry @shared outputs ["s", "q"] {
    %dq = nn.read @dq : tensor<4x8xf32>
    %dk = nn.read @dk : tensor<4x8xf32>
    %w = nn.read @w : tensor<8x8xf32>
    %q = nn.linear_input_grad %dq, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %k = nn.linear_input_grad %dk, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %s = nn.add %q, %k : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %s, %q : tensor<4x8xf32>, tensor<4x8xf32>
  }
}
