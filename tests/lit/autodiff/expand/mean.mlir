// RUN: tpc-opt %s -split-input-file --tpc-expand-composites | FileCheck %s

// The primitive ops that nn.mean stands for, by its options.

nn.input @x0 : tensor<2x3x5xf64> dims ["", "", ""]
// CHECK-LABEL: nn.entry @f
nn.entry @f outputs ["y"] {
  // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3x5xf64>
  // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.sum %[[V0]] dims [0, 1] {nn.phase = "forward"} : (tensor<2x3x5xf64>) -> tensor<5xf64>
  // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.scale %[[V1]] {factor = 0.16666666666666666 : f64, nn.phase = "forward"} : (tensor<5xf64>) -> tensor<5xf64>
  // CHECK-NEXT: nn.return %[[V2]] : tensor<5xf64>
  %0 = nn.read @x0 : tensor<2x3x5xf64>
  %r = nn.mean %0 dims [0, 1] : (tensor<2x3x5xf64>) -> tensor<5xf64>
  nn.return %r : tensor<5xf64>
}

// -----

nn.input @x0 : tensor<2x3x5xf64> dims ["", "", ""]
// CHECK-LABEL: nn.entry @f
nn.entry @f outputs ["y"] {
  // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3x5xf64>
  // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.sum %[[V0]] dims [2] {nn.phase = "forward"} : (tensor<2x3x5xf64>) -> tensor<2x3xf64>
  // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.scale %[[V1]] {factor = 2.000000e-01 : f64, nn.phase = "forward"} : (tensor<2x3xf64>) -> tensor<2x3xf64>
  // CHECK-NEXT: nn.return %[[V2]] : tensor<2x3xf64>
  %0 = nn.read @x0 : tensor<2x3x5xf64>
  %r = nn.mean %0 dims [2] : (tensor<2x3x5xf64>) -> tensor<2x3xf64>
  nn.return %r : tensor<2x3xf64>
}

// -----

nn.input @x0 : tensor<2x3x5xf64> dims ["", "", ""]
// CHECK-LABEL: nn.entry @f
nn.entry @f outputs ["y"] {
  // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3x5xf64>
  // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.sum %[[V0]] dims [0, 1, 2] {nn.phase = "forward"} : (tensor<2x3x5xf64>) -> tensor<f64>
  // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.scale %[[V1]] {factor = 0.033333333333333333 : f64, nn.phase = "forward"} : (tensor<f64>) -> tensor<f64>
  // CHECK-NEXT: nn.return %[[V2]] : tensor<f64>
  %0 = nn.read @x0 : tensor<2x3x5xf64>
  %r = nn.mean %0 dims [0, 1, 2] : (tensor<2x3x5xf64>) -> tensor<f64>
  nn.return %r : tensor<f64>
}
