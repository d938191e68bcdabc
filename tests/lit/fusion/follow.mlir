// RUN: tpc-opt %s -tpc-fuse -tpc-verify-fused | FileCheck %s

// An op that no kernel takes and that one other op reads goes where this one goes.

module {
  nn.input @g : tensor<4x8xf32> dims ["", ""]
  nn.input @u : tensor<4x8xf32> dims ["", ""]
  nn.input @d : tensor<4x8xf32> dims ["", ""]

  // The gradients of a gated MLP read the same three tensors.
  // CHECK-LABEL: nn.entry @gate
  // CHECK: nn.kernel "mul+silu+silu_grad"
  // CHECK-NOT: nn.kernel
  nn.entry @gate outputs ["dg", "du"] {
    %g = nn.read @g : tensor<4x8xf32>
    %u = nn.read @u : tensor<4x8xf32>
    %d = nn.read @d : tensor<4x8xf32>
    %ds = nn.mul %d, %u : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %s = nn.silu %g : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %du = nn.mul %d, %s : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %dg = nn.silu_grad %g, %ds : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %dg, %du : tensor<4x8xf32>, tensor<4x8xf32>
  }

  // A chain goes along as a whole.
  // CHECK-LABEL: nn.entry @chain
  // CHECK: nn.kernel "mul+scale+silu"
  // CHECK-NOT: nn.kernel
  nn.entry @chain outputs ["a", "b"] {
    %g = nn.read @g : tensor<4x8xf32>
    %u = nn.read @u : tensor<4x8xf32>
    %d = nn.read @d : tensor<4x8xf32>
    %a = nn.mul %d, %u : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %h = nn.scale %g {factor = 0.5 : f64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %s = nn.silu %h : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %b = nn.mul %d, %s : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %a, %b : tensor<4x8xf32>, tensor<4x8xf32>
  }

  // Two ops read it, or the result: it has a kernel of its own.
  // CHECK-LABEL: nn.entry @shared
  // CHECK: nn.kernel "silu+mul"
  nn.entry @shared outputs ["s", "a"] {
    %g = nn.read @g : tensor<4x8xf32>
    %d = nn.read @d : tensor<4x8xf32>
    %s = nn.silu %g : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %a = nn.mul %s, %d : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %s, %a : tensor<4x8xf32>, tensor<4x8xf32>
  }
}
