// RUN: tpc-opt %s -tpc-fuse -tpc-verify-fused | FileCheck %s

module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<4x8xf32> dims ["", ""]
  nn.input @ids : tensor<4xi32> dims [""]
  nn.parameter @w : tensor<8x8xf32> init #nn.init<zeros>
  nn.parameter @g : tensor<8xf32> init #nn.init<ones>
  nn.parameter @table : tensor<16x8xf32> init #nn.init<zeros>

  // The partial sum is complete before the residual, the norm and its weight become one kernel; what
  // the backward pass keeps is a result of it.
  // CHECK-LABEL: nn.entry @forward
  // CHECK: %[[Y:.+]] = nn.linear
  // CHECK-NEXT: %[[R:.+]] = tp.all_reduce sum %[[Y]]
  // CHECK-NEXT: %[[K:.+]]:3 = nn.kernel "add+layer_normalize+mul" (%{{.+}} = %[[R]] : tensor<4x8xf32>, %{{.+}} = %{{.+}} : tensor<4x8xf32>, %{{.+}} = %{{.+}} : tensor<8xf32>)
  // CHECK-SAME: attributes {nn.phase = "forward", nn.scope = "h.0"}
  // CHECK: nn.yield
  // CHECK: nn.return %[[K]]#0, %[[K]]#1, %[[K]]#2
  nn.entry @forward outputs ["h", "xhat", "y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w = nn.read @w : tensor<8x8xf32>
    %g = nn.read @g : tensor<8xf32>
    %p = nn.linear %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "row split" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %h = nn.add %r, %x {nn.phase = "forward", nn.scope = "h.0.attn"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %n, %s = nn.layer_normalize %h {eps = 1.0e-5 : f64, nn.phase = "forward", nn.scope = "h.0.mlp"} : (tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    %y = nn.mul %n, %g {nn.phase = "forward", nn.scope = "h.0.mlp"} : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
    nn.return %h, %n, %y : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
  }

  // A scatter looks at all rows in each tile: it is alone, and reads what others have written.
  // CHECK-LABEL: nn.entry @scatter
  // CHECK: nn.kernel "scale"
  // CHECK: nn.kernel "embedding_grad"
  // CHECK: nn.kernel "square+sum"
  nn.entry @scatter outputs ["s"] {
    %x = nn.read @x : tensor<4x8xf32>
    %ids = nn.read @ids : tensor<4xi32>
    %t = nn.read @table : tensor<16x8xf32>
    %d = nn.scale %x {factor = 0.5 : f64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %e = nn.embedding_grad %ids, %d like %t : (tensor<4xi32>, tensor<4x8xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>
    %q = nn.square %e : (tensor<16x8xf32>) -> tensor<16x8xf32>
    %s = nn.sum %q dims [0, 1] : (tensor<16x8xf32>) -> tensor<f32>
    nn.return %s : tensor<f32>
  }

  // Passes of a step do not mix, and an op that nothing reads is gone.
  // CHECK-LABEL: nn.entry @phases
  // CHECK: nn.kernel "neg"
  // CHECK: nn.kernel "relu"
  // CHECK-NOT: nn.kernel
  nn.entry @phases outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %unread = nn.tanh %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %a = nn.neg %x {nn.phase = "forward"} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %b = nn.relu %a {nn.phase = "backward"} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %b : tensor<4x8xf32>
  }
}
