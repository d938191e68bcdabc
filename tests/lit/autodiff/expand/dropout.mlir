// RUN: tpc-opt %s -split-input-file --tpc-expand-composites | FileCheck %s

// The primitive ops that nn.dropout stands for, by its options.

nn.input @x0 : tensor<2x3x5xf64> dims ["", "", ""]
nn.input @x1 : tensor<i32> dims []
nn.input @x2 : tensor<i32> dims []
// CHECK-LABEL: nn.entry @f
nn.entry @f outputs ["y"] {
  // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3x5xf64>
  // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<i32>
  // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 {nn.phase = "forward"} : tensor<i32>
  // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.dropout %[[V0]], %[[V1]], %[[V2]] {global_shape = array<i64: 2, 3, 5>, nn.phase = "forward", p = 4.000000e-01 : f64, stream = "h.0.drop"} : (tensor<2x3x5xf64>, tensor<i32>, tensor<i32>) -> tensor<2x3x5xf64>
  // CHECK-NEXT: nn.return %[[V3]] : tensor<2x3x5xf64>
  %0 = nn.read @x0 : tensor<2x3x5xf64>
  %1 = nn.read @x1 : tensor<i32>
  %2 = nn.read @x2 : tensor<i32>
  %r = nn.dropout %0, %1, %2 {p = 0.4 : f64, stream = "h.0.drop"} : (tensor<2x3x5xf64>, tensor<i32>, tensor<i32>) -> tensor<2x3x5xf64>
  nn.return %r : tensor<2x3x5xf64>
}
