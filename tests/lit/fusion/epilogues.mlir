// RUN: tpc-opt %s -tpc-fuse=biases-in-products -tpc-verify-fused | FileCheck %s
// RUN: tpc-opt %s -tpc-fuse -tpc-verify-fused | FileCheck %s --check-prefix=APART

module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<4x8xf32> dims ["", ""]
  nn.input @n : tensor<4x8xbf16> dims ["", ""]
  nn.parameter @w : tensor<16x8xf32> init #nn.init<zeros>
  nn.parameter @v : tensor<8x8xf32> init #nn.init<zeros>
  nn.parameter @u : tensor<8x8xbf16> init #nn.init<zeros>
  nn.parameter @b : tensor<16xf32> init #nn.init<zeros>
  nn.parameter @c : tensor<8xf32> init #nn.init<zeros>

  // An addition of its own is gone.
  // CHECK-LABEL: nn.entry @alone
  // CHECK-NOT: nn.kernel
  // CHECK: %[[B:.+]] = nn.read @b
  // CHECK: %[[Y:.+]] = nn.linear %{{.+}}, %{{.+}} bias %[[B]] {nn.phase = "forward", nn.scope = "q"} : (tensor<4x8xf32>, tensor<16x8xf32>, tensor<16xf32>) -> tensor<4x16xf32>
  // CHECK-NOT: nn.kernel
  // CHECK: nn.return %[[Y]]
  // APART-LABEL: nn.entry @alone
  // APART: nn.kernel "add"
  nn.entry @alone outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w = nn.read @w : tensor<16x8xf32>
    %b = nn.read @b : tensor<16xf32>
    %p = nn.linear %x, %w {nn.phase = "forward", nn.scope = "q"} : (tensor<4x8xf32>, tensor<16x8xf32>) -> tensor<4x16xf32>
    %y = nn.add %p, %b {nn.phase = "forward", nn.scope = "q"} : (tensor<4x16xf32>, tensor<16xf32>) -> tensor<4x16xf32>
    nn.return %y : tensor<4x16xf32>
  }

  // A product with a vector adds no bias.
  // CHECK-LABEL: nn.entry @vector
  // CHECK: nn.linear %{{.+}}, %{{.+}} : (tensor<8xf32>, tensor<16x8xf32>) -> tensor<16xf32>
  // CHECK-NEXT: nn.kernel "add"
  nn.entry @vector outputs ["y"] {
    %x = nn.read @c : tensor<8xf32>
    %w = nn.read @w : tensor<16x8xf32>
    %b = nn.read @b : tensor<16xf32>
    %p = nn.linear %x, %w : (tensor<8xf32>, tensor<16x8xf32>) -> tensor<16xf32>
    %y = nn.add %p, %b : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    nn.return %y : tensor<16xf32>
  }

  // The sum is kept for the backward pass: the kernel need not write it, too. gelu is never the product's.
  // CHECK-LABEL: nn.entry @kept
  // CHECK: %[[Y:.+]] = nn.linear %{{.+}}, %{{.+}} bias
  // CHECK-NEXT: %[[G:.+]] = nn.kernel "gelu" (%{{.+}} = %[[Y]] : tensor<4x16xf32>) -> (tensor<4x16xf32>)
  // CHECK: nn.return %[[Y]], %[[G]]
  // APART-LABEL: nn.entry @kept
  // APART: nn.kernel "add+gelu"
  nn.entry @kept outputs ["y", "g"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w = nn.read @w : tensor<16x8xf32>
    %b = nn.read @b : tensor<16xf32>
    %p = nn.linear %x, %w : (tensor<4x8xf32>, tensor<16x8xf32>) -> tensor<4x16xf32>
    %y = nn.add %p, %b : (tensor<4x16xf32>, tensor<16xf32>) -> tensor<4x16xf32>
    %g = nn.gelu %y {tanh} : (tensor<4x16xf32>) -> tensor<4x16xf32>
    nn.return %y, %g : tensor<4x16xf32>, tensor<4x16xf32>
  }

  // The residual is added in the same pass, and nobody needs the product's sum: nothing would be saved.
  // CHECK-LABEL: nn.entry @residual
  // CHECK: nn.linear %{{.+}}, %{{.+}} : (tensor<4x8xf32>, tensor<8x8xf32>)
  // CHECK-NEXT: nn.kernel "add+layer_normalize"
  nn.entry @residual outputs ["r", "h"] {
    %x = nn.read @x : tensor<4x8xf32>
    %v = nn.read @v : tensor<8x8xf32>
    %c = nn.read @c : tensor<8xf32>
    %p = nn.linear %x, %v : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %y = nn.add %p, %c : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
    %r = nn.add %x, %y : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %h, %s = nn.layer_normalize %r {eps = 1.0e-5 : f64} : (tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
    nn.return %r, %h : tensor<4x8xf32>, tensor<4x8xf32>
  }

  // A partial product is reduced first.
  // CHECK-LABEL: nn.entry @partial
  // CHECK: nn.linear %{{.+}}, %{{.+}} : (tensor<4x8xf32>, tensor<8x8xf32>)
  // CHECK-NEXT: tp.all_reduce
  // CHECK-NEXT: nn.kernel "add"
  nn.entry @partial outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %v = nn.read @v : tensor<8x8xf32>
    %c = nn.read @c : tensor<8xf32>
    %p = nn.linear %x, %v : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "row split" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.add %r, %c : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }

  // A product that somebody else reads without its bias is needed by itself.
  // CHECK-LABEL: nn.entry @shared
  // CHECK: nn.linear %{{.+}}, %{{.+}} : (tensor<4x8xf32>, tensor<8x8xf32>)
  // CHECK-NEXT: nn.kernel "add"
  nn.entry @shared outputs ["p", "y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %v = nn.read @v : tensor<8x8xf32>
    %c = nn.read @c : tensor<8xf32>
    %p = nn.linear %x, %v : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %y = nn.add %p, %c : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
    nn.return %p, %y : tensor<4x8xf32>, tensor<4x8xf32>
  }

  // A rounded bias is added to the sum before that is rounded; the residual behind it now reads half the bytes.
  // CHECK-LABEL: nn.entry @rounded
  // CHECK: %[[C:.+]] = nn.kernel "cast" {{.*}} -> (tensor<8xbf16>)
  // CHECK: %[[Y:.+]] = nn.linear %{{.+}}, %{{.+}} bias %[[C]] : (tensor<4x8xbf16>, tensor<8x8xbf16>, tensor<8xbf16>) -> tensor<4x8xbf16>
  // CHECK: nn.kernel "cast+add" {{.*}}%[[Y]] : tensor<4x8xbf16>
  // APART-LABEL: nn.entry @rounded
  // APART: nn.linear {{.*}} -> tensor<4x8xf32>
  nn.entry @rounded outputs ["r"] {
    %x = nn.read @x : tensor<4x8xf32>
    %n = nn.read @n : tensor<4x8xbf16>
    %u = nn.read @u : tensor<8x8xbf16>
    %c = nn.read @c : tensor<8xf32>
    %p = nn.linear %n, %u : (tensor<4x8xbf16>, tensor<8x8xbf16>) -> tensor<4x8xf32>
    %cn = nn.cast %c : (tensor<8xf32>) -> tensor<8xbf16>
    %cw = nn.cast %cn : (tensor<8xbf16>) -> tensor<8xf32>
    %s = nn.add %p, %cw : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
    %sn = nn.cast %s : (tensor<4x8xf32>) -> tensor<4x8xbf16>
    %sw = nn.cast %sn : (tensor<4x8xbf16>) -> tensor<4x8xf32>
    %r = nn.add %x, %sw : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %r : tensor<4x8xf32>
  }

  // A product would take a bias in bfloat16 alone.
  // CHECK-LABEL: nn.entry @unrounded
  // CHECK: nn.linear %{{.+}}, %{{.+}} : (tensor<4x8xbf16>, tensor<8x8xbf16>) -> tensor<4x8xf32>
  // CHECK-NEXT: nn.kernel "add+cast"
  nn.entry @unrounded outputs ["y"] {
    %n = nn.read @n : tensor<4x8xbf16>
    %u = nn.read @u : tensor<8x8xbf16>
    %c = nn.read @c : tensor<8xf32>
    %p = nn.linear %n, %u : (tensor<4x8xbf16>, tensor<8x8xbf16>) -> tensor<4x8xf32>
    %s = nn.add %p, %c : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
    %y = nn.cast %s : (tensor<4x8xf32>) -> tensor<4x8xbf16>
    nn.return %y : tensor<4x8xbf16>
  }
}
