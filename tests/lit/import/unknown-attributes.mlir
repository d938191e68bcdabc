// REQUIRES: tpc, tpc-compile
// RUN: not tpc compile %s --stop-after model 2>&1 | FileCheck %s
// RUN: sed 's/casual =/causal =/' %s > %t.mlir && tpc compile %t.mlir --stop-after model | FileCheck %s --check-prefix=RIGHT

// A misspelt attribute is not kept and forgotten: this attention would see the future.

// CHECK: unknown-attributes.mlir:17:10: error: 'nn.attention' op has no attribute 'casual'
// CHECK-NEXT: hint: it has causal, scale
// RIGHT: nn.attention {{.*}}causal = true

module @m {
  nn.dim @B = 2
  nn.input @x : tensor<2x4x2x8xf32> dims ["B", "", "", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<2x4x2x8xf32>
    // The op in question:
    %y = nn.attention %x, %x, %x {casual = true} : (tensor<2x4x2x8xf32>, tensor<2x4x2x8xf32>, tensor<2x4x2x8xf32>) -> tensor<2x4x2x8xf32>
    nn.return %y : tensor<2x4x2x8xf32>
  }
}
