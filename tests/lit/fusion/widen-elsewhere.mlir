// RUN: tpc-opt %s -tpc-fuse | FileCheck %s
// RUN: tpc-opt %s -tpc-fuse -tpc-verify-fused -tpc-kernels-to-linalg | FileCheck %s --check-prefix=LINALG

// Rope reads its partner at another place. What it reads there may be widened in its kernel: the
// element is widened that is read.

// CHECK-NOT: nn.kernel "cast"
// CHECK: nn.kernel "cast+rope" (%{{.*}} : tensor<2x3x4x8xbf16>) -> (tensor<2x3x4x8xbf16>)
// CHECK-NOT: nn.kernel

// LINALG: func.func @"cast+rope"(%[[X:.*]]: tensor<2x3x4x8xbf16>)
// LINALG: %[[WIDE:.*]] = linalg.generic {{.*}} ins(%[[X]]
// LINALG: arith.extf
// LINALG: tensor.extract %[[WIDE]]
module {
  nn.input @x : tensor<2x3x4x8xbf16> dims ["", "", "", ""]
  nn.entry @e outputs ["y"] {
    %x = nn.read @x : tensor<2x3x4x8xbf16>
    %a = nn.cast %x : (tensor<2x3x4x8xbf16>) -> tensor<2x3x4x8xf32>
    %r = nn.rope %a : (tensor<2x3x4x8xf32>) -> tensor<2x3x4x8xf32>
    %y = nn.cast %r : (tensor<2x3x4x8xf32>) -> tensor<2x3x4x8xbf16>
    nn.return %y : tensor<2x3x4x8xbf16>
  }
}
