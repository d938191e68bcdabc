// RUN: tpc-opt %s --tpc-expand-composites --tpc-build-training --tpc-verify-grad | FileCheck %s

// The gradient of nn.ce_row_loss, as the training step computes it for the sum of squares of its result.

nn.input @x0 : tensor<2x3xf64> dims ["", ""]
nn.parameter @x1 : tensor<2x3xf64> init #nn.init<ones>
nn.parameter @x2 : tensor<2x3xf64> init #nn.init<ones>
nn.input @x3 : tensor<2x3xi32> dims ["", ""]
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<2x3xf64>
  %1 = nn.read @x1 : tensor<2x3xf64>
  %2 = nn.read @x2 : tensor<2x3xf64>
  %3 = nn.read @x3 : tensor<2x3xi32>
  %r = nn.ce_row_loss %0, %1, %2 labels %3 {classes = 7 : i64, ignore_index = -1 : i64, label_smoothing = 0.0 : f64} : (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> tensor<2x3xf64>
  %s = nn.square %r : (tensor<2x3xf64>) -> tensor<2x3xf64>
  %loss = nn.sum %s dims [0, 1] : (tensor<2x3xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// CHECK-LABEL: nn.entry @train
// CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3xf64>
// CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<2x3xf64>
// CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 {nn.phase = "forward"} : tensor<2x3xf64>
// CHECK-NEXT: %[[V3:[^ :,]+]] = nn.read @x3 {nn.phase = "forward"} : tensor<2x3xi32>
// CHECK-NEXT: %[[V4:[^ :,]+]] = nn.ce_row_loss %[[V0]], %[[V1]], %[[V2]] labels %[[V3]] {classes = 7 : i64, ignore_index = -1 : i64, label_smoothing = 0.000000e+00 : f64, nn.phase = "forward"} : (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> tensor<2x3xf64>
// CHECK-NEXT: %[[V5:[^ :,]+]] = nn.square %[[V4]] {nn.phase = "forward"} : (tensor<2x3xf64>) -> tensor<2x3xf64>
// CHECK-NEXT: %[[V6:[^ :,]+]] = nn.sum %[[V5]] dims [0, 1] {nn.phase = "forward"} : (tensor<2x3xf64>) -> tensor<f64>
// CHECK-NEXT: %[[V7:[^ :,]+]] = nn.fill 1.000000e+00 {nn.phase = "backward"} : tensor<f64>
// CHECK-NEXT: %[[V8:[^ :,]+]] = nn.broadcast %[[V7]] like %[[V5]] dims [0, 1] {nn.phase = "backward"} : (tensor<f64>, tensor<2x3xf64>) -> tensor<2x3xf64>
// CHECK-NEXT: %[[V9:[^ :,]+]] = nn.mul %[[V8]], %[[V4]] {nn.phase = "backward"} : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
// CHECK-NEXT: %[[V10:[^ :,]+]] = nn.scale %[[V9]] {factor = 2.000000e+00 : f64, nn.phase = "backward"} : (tensor<2x3xf64>) -> tensor<2x3xf64>
// CHECK-NEXT: %[[D_SUM_EXP:[^ :,]+]], %[[D_TARGET:[^ :,]+]] = nn.ce_row_loss_grad %[[V10]], %[[V1]], %[[V3]] {classes = 7 : i64, ignore_index = -1 : i64, label_smoothing = 0.000000e+00 : f64, nn.phase = "backward"} : (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> (tensor<2x3xf64>, tensor<2x3xf64>)
