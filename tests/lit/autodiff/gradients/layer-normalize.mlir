// RUN: tpc-opt %s --tpc-expand-composites --tpc-build-training --tpc-verify-grad | FileCheck %s

// The gradient of nn.layer_normalize, as the training step computes it for the sum of squares of its result.

nn.parameter @x0 : tensor<2x3x5xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<2x3x5xf64>
  %r:2 = nn.layer_normalize %0 {eps = 1.0e-2 : f64} : (tensor<2x3x5xf64>) -> (tensor<2x3x5xf64>, tensor<2x3xf64>)
  %s = nn.square %r#0 : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
  %loss = nn.sum %s dims [0, 1, 2] : (tensor<2x3x5xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// CHECK-LABEL: nn.entry @train
// CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3x5xf64>
// CHECK-NEXT: %[[XHAT:[^ :,]+]], %[[RSTD:[^ :,]+]] = nn.layer_normalize %[[V0]] {eps = 1.000000e-02 : f64, nn.phase = "forward"} : (tensor<2x3x5xf64>) -> (tensor<2x3x5xf64>, tensor<2x3xf64>)
// CHECK-NEXT: %[[V1:[^ :,]+]] = nn.square %[[XHAT]] {nn.phase = "forward"} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
// CHECK-NEXT: %[[V2:[^ :,]+]] = nn.sum %[[V1]] dims [0, 1, 2] {nn.phase = "forward"} : (tensor<2x3x5xf64>) -> tensor<f64>
// CHECK-NEXT: %[[V3:[^ :,]+]] = nn.fill 1.000000e+00 {nn.phase = "backward"} : tensor<f64>
// CHECK-NEXT: %[[V4:[^ :,]+]] = nn.broadcast %[[V3]] like %[[V1]] dims [0, 1, 2] {nn.phase = "backward"} : (tensor<f64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
// CHECK-NEXT: %[[V5:[^ :,]+]] = nn.mul %[[V4]], %[[XHAT]] {nn.phase = "backward"} : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
// CHECK-NEXT: %[[V6:[^ :,]+]] = nn.scale %[[V5]] {factor = 2.000000e+00 : f64, nn.phase = "backward"} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
// CHECK-NEXT: %[[V7:[^ :,]+]] = nn.layer_normalize_grad %[[V6]], %[[XHAT]], %[[RSTD]] {nn.phase = "backward"} : (tensor<2x3x5xf64>, tensor<2x3x5xf64>, tensor<2x3xf64>) -> tensor<2x3x5xf64>
