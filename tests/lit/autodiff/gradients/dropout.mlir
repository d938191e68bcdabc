// RUN: tpc-opt %s --tpc-expand-composites --tpc-build-training --tpc-verify-grad | FileCheck %s

// The gradient of nn.dropout, as the training step computes it for the sum of squares of its result.

nn.parameter @x0 : tensor<2x3x5xf64> init #nn.init<ones>
nn.input @x1 : tensor<i32> dims []
nn.input @x2 : tensor<i32> dims []
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<2x3x5xf64>
  %1 = nn.read @x1 : tensor<i32>
  %2 = nn.read @x2 : tensor<i32>
  %r = nn.dropout %0, %1, %2 {global_shape = array<i64: 2, 3, 5>, p = 0.3 : f64, stream = "h.0.drop"} : (tensor<2x3x5xf64>, tensor<i32>, tensor<i32>) -> tensor<2x3x5xf64>
  %s = nn.square %r : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
  %loss = nn.sum %s dims [0, 1, 2] : (tensor<2x3x5xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// CHECK-LABEL: nn.entry @train
// CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3x5xf64>
// CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<i32>
// CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 {nn.phase = "forward"} : tensor<i32>
// CHECK-NEXT: %[[V3:[^ :,]+]] = nn.dropout %[[V0]], %[[V1]], %[[V2]] {global_shape = array<i64: 2, 3, 5>, nn.phase = "forward", p = 3.000000e-01 : f64, stream = "h.0.drop"} : (tensor<2x3x5xf64>, tensor<i32>, tensor<i32>) -> tensor<2x3x5xf64>
// CHECK-NEXT: %[[V4:[^ :,]+]] = nn.square %[[V3]] {nn.phase = "forward"} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
// CHECK-NEXT: %[[V5:[^ :,]+]] = nn.sum %[[V4]] dims [0, 1, 2] {nn.phase = "forward"} : (tensor<2x3x5xf64>) -> tensor<f64>
// CHECK-NEXT: %[[V6:[^ :,]+]] = nn.fill 1.000000e+00 {nn.phase = "backward"} : tensor<f64>
// CHECK-NEXT: %[[V7:[^ :,]+]] = nn.broadcast %[[V6]] like %[[V4]] dims [0, 1, 2] {nn.phase = "backward"} : (tensor<f64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
// CHECK-NEXT: %[[V8:[^ :,]+]] = nn.mul %[[V7]], %[[V3]] {nn.phase = "backward"} : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
// CHECK-NEXT: %[[V9:[^ :,]+]] = nn.scale %[[V8]] {factor = 2.000000e+00 : f64, nn.phase = "backward"} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
// CHECK-NEXT: %[[V10:[^ :,]+]] = nn.dropout %[[V9]], %[[V1]], %[[V2]] {global_shape = array<i64: 2, 3, 5>, nn.phase = "backward", p = 3.000000e-01 : f64, stream = "h.0.drop"} : (tensor<2x3x5xf64>, tensor<i32>, tensor<i32>) -> tensor<2x3x5xf64>
