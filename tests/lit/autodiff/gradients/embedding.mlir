// RUN: tpc-opt %s --tpc-expand-composites --tpc-build-training --tpc-verify-grad | FileCheck %s

// The gradient of nn.embedding, as the training step computes it for the sum of squares of its result.

nn.input @x0 : tensor<2x3xi32> dims ["", ""]
nn.parameter @x1 : tensor<7x4xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<2x3xi32>
  %1 = nn.read @x1 : tensor<7x4xf64>
  %r = nn.embedding %0, %1 : (tensor<2x3xi32>, tensor<7x4xf64>) -> tensor<2x3x4xf64>
  %s = nn.square %r : (tensor<2x3x4xf64>) -> tensor<2x3x4xf64>
  %loss = nn.sum %s dims [0, 1, 2] : (tensor<2x3x4xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// CHECK-LABEL: nn.entry @train
// CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3xi32>
// CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<7x4xf64>
// CHECK-NEXT: %[[V2:[^ :,]+]] = nn.embedding %[[V0]], %[[V1]] {nn.phase = "forward"} : (tensor<2x3xi32>, tensor<7x4xf64>) -> tensor<2x3x4xf64>
// CHECK-NEXT: %[[V3:[^ :,]+]] = nn.square %[[V2]] {nn.phase = "forward"} : (tensor<2x3x4xf64>) -> tensor<2x3x4xf64>
// CHECK-NEXT: %[[V4:[^ :,]+]] = nn.sum %[[V3]] dims [0, 1, 2] {nn.phase = "forward"} : (tensor<2x3x4xf64>) -> tensor<f64>
// CHECK-NEXT: %[[V5:[^ :,]+]] = nn.fill 1.000000e+00 {nn.phase = "backward"} : tensor<f64>
// CHECK-NEXT: %[[V6:[^ :,]+]] = nn.broadcast %[[V5]] like %[[V3]] dims [0, 1, 2] {nn.phase = "backward"} : (tensor<f64>, tensor<2x3x4xf64>) -> tensor<2x3x4xf64>
// CHECK-NEXT: %[[V7:[^ :,]+]] = nn.mul %[[V6]], %[[V2]] {nn.phase = "backward"} : (tensor<2x3x4xf64>, tensor<2x3x4xf64>) -> tensor<2x3x4xf64>
// CHECK-NEXT: %[[V8:[^ :,]+]] = nn.scale %[[V7]] {factor = 2.000000e+00 : f64, nn.phase = "backward"} : (tensor<2x3x4xf64>) -> tensor<2x3x4xf64>
// CHECK-NEXT: %[[V9:[^ :,]+]] = nn.embedding_grad %[[V0]], %[[V8]] like %[[V1]] {nn.phase = "backward", rows = 7 : i64} : (tensor<2x3xi32>, tensor<2x3x4xf64>, tensor<7x4xf64>) -> tensor<7x4xf64>
