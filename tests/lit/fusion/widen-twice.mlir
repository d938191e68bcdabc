// RUN: tpc-opt %s -tpc-fuse | FileCheck %s

// What reads two narrow tensors widens both, whichever of them came first.

// CHECK-NOT: nn.kernel "cast"
// CHECK: nn.kernel "cast+gelu_grad" (%{{.*}} : tensor<4x8xbf16>, %{{.*}} : tensor<4x8xbf16>) -> (tensor<4x8xbf16>)
// CHECK-NOT: nn.kernel
module {
  nn.input @x : tensor<4x8xbf16> dims ["", ""]
  nn.input @d : tensor<4x8xbf16> dims ["", ""]
  nn.entry @e outputs ["y"] {
    %x = nn.read @x {nn.phase = "backward"} : tensor<4x8xbf16>
    %d = nn.read @d {nn.phase = "backward"} : tensor<4x8xbf16>
    %a = nn.cast %x {nn.phase = "backward"} : (tensor<4x8xbf16>) -> tensor<4x8xf32>
    %b = nn.cast %d {nn.phase = "backward"} : (tensor<4x8xbf16>) -> tensor<4x8xf32>
    %g = nn.gelu_grad %a, %b {nn.phase = "backward", tanh} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.cast %g {nn.phase = "backward"} : (tensor<4x8xf32>) -> tensor<4x8xbf16>
    nn.return %y : tensor<4x8xbf16>
  }
}
