// RUN: tpc-opt %s -split-input-file --tpc-expand-composites | FileCheck %s

// The primitive ops that nn.linear stands for, by its options.

nn.input @x0 : tensor<2x3x5xf64> dims ["", "", ""]
nn.input @x1 : tensor<4x5xf64> dims ["", ""]
nn.input @x2 : tensor<4xf64> dims [""]
// CHECK-LABEL: nn.entry @f
nn.entry @f outputs ["y"] {
  // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3x5xf64>
  // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<4x5xf64>
  // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 {nn.phase = "forward"} : tensor<4xf64>
  // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.linear %[[V0]], %[[V1]] {nn.phase = "forward"} : (tensor<2x3x5xf64>, tensor<4x5xf64>) -> tensor<2x3x4xf64>
  // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.add %[[V3]], %[[V2]] {nn.phase = "forward"} : (tensor<2x3x4xf64>, tensor<4xf64>) -> tensor<2x3x4xf64>
  // CHECK-NEXT: nn.return %[[V4]] : tensor<2x3x4xf64>
  %0 = nn.read @x0 : tensor<2x3x5xf64>
  %1 = nn.read @x1 : tensor<4x5xf64>
  %2 = nn.read @x2 : tensor<4xf64>
  %r = nn.linear %0, %1 bias %2 : (tensor<2x3x5xf64>, tensor<4x5xf64>, tensor<4xf64>) -> tensor<2x3x4xf64>
  nn.return %r : tensor<2x3x4xf64>
}
