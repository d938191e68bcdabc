// RUN: tpc-opt %s -split-input-file --tpc-expand-composites | FileCheck %s

// The primitive ops that nn.rms_norm stands for, by its options.

nn.input @x0 : tensor<2x3x5xf64> dims ["", "", ""]
// CHECK-LABEL: nn.entry @f
nn.entry @f outputs ["y"] {
  // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3x5xf64>
  // CHECK-NEXT: %[[XHAT:[^ :,]+]], %[[RSTD:[^ :,]+]] = nn.rms_normalize %[[V0]] {eps = 1.000000e-02 : f64, nn.phase = "forward"} : (tensor<2x3x5xf64>) -> (tensor<2x3x5xf64>, tensor<2x3xf64>)
  // CHECK-NEXT: nn.return %[[XHAT]] : tensor<2x3x5xf64>
  %0 = nn.read @x0 : tensor<2x3x5xf64>
  %r = nn.rms_norm %0 {eps = 1.0e-2 : f64} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
  nn.return %r : tensor<2x3x5xf64>
}

// -----

nn.input @x0 : tensor<2x3x5xf64> dims ["", "", ""]
nn.input @x1 : tensor<5xf64> dims [""]
// CHECK-LABEL: nn.entry @f
nn.entry @f outputs ["y"] {
  // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3x5xf64>
  // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<5xf64>
  // CHECK-NEXT: %[[XHAT:[^ :,]+]], %[[RSTD:[^ :,]+]] = nn.rms_normalize %[[V0]] {eps = 1.000000e-02 : f64, nn.phase = "forward"} : (tensor<2x3x5xf64>) -> (tensor<2x3x5xf64>, tensor<2x3xf64>)
  // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.mul %[[XHAT]], %[[V1]] {nn.phase = "forward"} : (tensor<2x3x5xf64>, tensor<5xf64>) -> tensor<2x3x5xf64>
  // CHECK-NEXT: nn.return %[[V2]] : tensor<2x3x5xf64>
  %0 = nn.read @x0 : tensor<2x3x5xf64>
  %1 = nn.read @x1 : tensor<5xf64>
  %r = nn.rms_norm %0 weight %1 {eps = 1.0e-2 : f64} : (tensor<2x3x5xf64>, tensor<5xf64>) -> tensor<2x3x5xf64>
  nn.return %r : tensor<2x3x5xf64>
}
