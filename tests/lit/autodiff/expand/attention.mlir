// RUN: tpc-opt %s -split-input-file --tpc-expand-composites | FileCheck %s

// The primitive ops that nn.attention stands for, by its options.

nn.input @x0 : tensor<1x3x4x2xf64> dims ["", "", "", ""]
nn.input @x1 : tensor<1x3x4x2xf64> dims ["", "", "", ""]
nn.input @x2 : tensor<1x3x4x2xf64> dims ["", "", "", ""]
// CHECK-LABEL: nn.entry @f
nn.entry @f outputs ["y"] {
  // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<1x3x4x2xf64>
  // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<1x3x4x2xf64>
  // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 {nn.phase = "forward"} : tensor<1x3x4x2xf64>
  // CHECK-NEXT: %[[O:[^ :,]+]], %[[LSE:[^ :,]+]] = nn.flash_attention %[[V0]], %[[V1]], %[[V2]] {causal = false, nn.phase = "forward", scale = 0.70710678118654746 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x4x3xf64>)
  // CHECK-NEXT: nn.return %[[O]] : tensor<1x3x4x2xf64>
  %0 = nn.read @x0 : tensor<1x3x4x2xf64>
  %1 = nn.read @x1 : tensor<1x3x4x2xf64>
  %2 = nn.read @x2 : tensor<1x3x4x2xf64>
  %r = nn.attention %0, %1, %2 : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> tensor<1x3x4x2xf64>
  nn.return %r : tensor<1x3x4x2xf64>
}

// -----

nn.input @x0 : tensor<1x3x4x2xf64> dims ["", "", "", ""]
nn.input @x1 : tensor<1x3x4x2xf64> dims ["", "", "", ""]
nn.input @x2 : tensor<1x3x4x2xf64> dims ["", "", "", ""]
// CHECK-LABEL: nn.entry @f
nn.entry @f outputs ["y"] {
  // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<1x3x4x2xf64>
  // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<1x3x4x2xf64>
  // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 {nn.phase = "forward"} : tensor<1x3x4x2xf64>
  // CHECK-NEXT: %[[O:[^ :,]+]], %[[LSE:[^ :,]+]] = nn.flash_attention %[[V0]], %[[V1]], %[[V2]] {causal = true, nn.phase = "forward", scale = 0.70710678118654746 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x4x3xf64>)
  // CHECK-NEXT: nn.return %[[O]] : tensor<1x3x4x2xf64>
  %0 = nn.read @x0 : tensor<1x3x4x2xf64>
  %1 = nn.read @x1 : tensor<1x3x4x2xf64>
  %2 = nn.read @x2 : tensor<1x3x4x2xf64>
  %r = nn.attention %0, %1, %2 {causal = true} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> tensor<1x3x4x2xf64>
  nn.return %r : tensor<1x3x4x2xf64>
}

// -----

nn.input @x0 : tensor<1x3x4x2xf64> dims ["", "", "", ""]
nn.input @x1 : tensor<1x3x4x2xf64> dims ["", "", "", ""]
nn.input @x2 : tensor<1x3x4x2xf64> dims ["", "", "", ""]
// CHECK-LABEL: nn.entry @f
nn.entry @f outputs ["y"] {
  // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<1x3x4x2xf64>
  // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<1x3x4x2xf64>
  // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 {nn.phase = "forward"} : tensor<1x3x4x2xf64>
  // CHECK-NEXT: %[[O:[^ :,]+]], %[[LSE:[^ :,]+]] = nn.flash_attention %[[V0]], %[[V1]], %[[V2]] {causal = true, nn.phase = "forward", scale = 3.000000e-01 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x4x3xf64>)
  // CHECK-NEXT: nn.return %[[O]] : tensor<1x3x4x2xf64>
  %0 = nn.read @x0 : tensor<1x3x4x2xf64>
  %1 = nn.read @x1 : tensor<1x3x4x2xf64>
  %2 = nn.read @x2 : tensor<1x3x4x2xf64>
  %r = nn.attention %0, %1, %2 {causal = true, scale = 0.3 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> tensor<1x3x4x2xf64>
  nn.return %r : tensor<1x3x4x2xf64>
}
