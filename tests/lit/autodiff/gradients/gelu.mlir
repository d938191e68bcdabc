// RUN: tpc-opt %s --tpc-expand-composites --tpc-build-training --tpc-verify-grad | FileCheck %s

// The gradient of nn.gelu, as the training step computes it for the sum of squares of its result.

nn.parameter @x0 : tensor<2x3x5xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<2x3x5xf64>
  %r = nn.gelu %0 : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
  %s = nn.square %r : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
  %loss = nn.sum %s dims [0, 1, 2] : (tensor<2x3x5xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// CHECK-LABEL: nn.entry @train
// CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3x5xf64>
// CHECK-NEXT: %[[V1:[^ :,]+]] = nn.gelu %[[V0]] {nn.phase = "forward"} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
// CHECK-NEXT: %[[V2:[^ :,]+]] = nn.square %[[V1]] {nn.phase = "forward"} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
// CHECK-NEXT: %[[V3:[^ :,]+]] = nn.sum %[[V2]] dims [0, 1, 2] {nn.phase = "forward"} : (tensor<2x3x5xf64>) -> tensor<f64>
// CHECK-NEXT: %[[V4:[^ :,]+]] = nn.fill 1.000000e+00 {nn.phase = "backward"} : tensor<f64>
// CHECK-NEXT: %[[V5:[^ :,]+]] = nn.broadcast %[[V4]] like %[[V2]] dims [0, 1, 2] {nn.phase = "backward"} : (tensor<f64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
// CHECK-NEXT: %[[V6:[^ :,]+]] = nn.mul %[[V5]], %[[V1]] {nn.phase = "backward"} : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
// CHECK-NEXT: %[[V7:[^ :,]+]] = nn.scale %[[V6]] {factor = 2.000000e+00 : f64, nn.phase = "backward"} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
// CHECK-NEXT: %[[V8:[^ :,]+]] = nn.gelu_grad %[[V0]], %[[V7]] {nn.phase = "backward"} : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
