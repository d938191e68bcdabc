// RUN: tpc-opt %s --tpc-expand-composites --tpc-build-training --tpc-verify-grad | FileCheck %s

// The gradient of nn.div_count, as the training step computes it for the sum of squares of its result.

nn.parameter @x0 : tensor<f64> init #nn.init<ones>
nn.input @x1 : tensor<f64> dims []
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<f64>
  %1 = nn.read @x1 : tensor<f64>
  %r = nn.div_count %0, %1 : (tensor<f64>, tensor<f64>) -> tensor<f64>
  %s = nn.square %r : (tensor<f64>) -> tensor<f64>
  nn.return %s : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// CHECK-LABEL: nn.entry @train
// CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<f64>
// CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<f64>
// CHECK-NEXT: %[[V2:[^ :,]+]] = nn.div_count %[[V0]], %[[V1]] {nn.phase = "forward"} : (tensor<f64>, tensor<f64>) -> tensor<f64>
// CHECK-NEXT: %[[V3:[^ :,]+]] = nn.square %[[V2]] {nn.phase = "forward"} : (tensor<f64>) -> tensor<f64>
// CHECK-NEXT: %[[V4:[^ :,]+]] = nn.fill 1.000000e+00 {nn.phase = "backward"} : tensor<f64>
// CHECK-NEXT: %[[V5:[^ :,]+]] = nn.mul %[[V4]], %[[V2]] {nn.phase = "backward"} : (tensor<f64>, tensor<f64>) -> tensor<f64>
// CHECK-NEXT: %[[V6:[^ :,]+]] = nn.scale %[[V5]] {factor = 2.000000e+00 : f64, nn.phase = "backward"} : (tensor<f64>) -> tensor<f64>
// CHECK-NEXT: %[[V7:[^ :,]+]] = nn.div_count %[[V6]], %[[V1]] {nn.phase = "backward"} : (tensor<f64>, tensor<f64>) -> tensor<f64>
