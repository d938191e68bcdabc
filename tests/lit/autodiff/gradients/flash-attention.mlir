// RUN: tpc-opt %s --tpc-expand-composites --tpc-build-training --tpc-verify-grad | FileCheck %s

// The gradient of nn.flash_attention, as the training step computes it for the sum of squares of its result.

nn.parameter @x0 : tensor<1x3x4x2xf64> init #nn.init<ones>
nn.parameter @x1 : tensor<1x3x4x2xf64> init #nn.init<ones>
nn.parameter @x2 : tensor<1x3x4x2xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<1x3x4x2xf64>
  %1 = nn.read @x1 : tensor<1x3x4x2xf64>
  %2 = nn.read @x2 : tensor<1x3x4x2xf64>
  %r:2 = nn.flash_attention %0, %1, %2 {causal = true, scale = 0.7 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x4x3xf64>)
  %s = nn.square %r#0 : (tensor<1x3x4x2xf64>) -> tensor<1x3x4x2xf64>
  %loss = nn.sum %s dims [0, 1, 2, 3] : (tensor<1x3x4x2xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// CHECK-LABEL: nn.entry @train
// CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<1x3x4x2xf64>
// CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<1x3x4x2xf64>
// CHECK-NEXT: %[[V2:[^ :,]+]] = nn.read @x2 {nn.phase = "forward"} : tensor<1x3x4x2xf64>
// CHECK-NEXT: %[[O:[^ :,]+]], %[[LSE:[^ :,]+]] = nn.flash_attention %[[V0]], %[[V1]], %[[V2]] {causal = true, nn.phase = "forward", scale = 0.69999999999999996 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x4x3xf64>)
// CHECK-NEXT: %[[V3:[^ :,]+]] = nn.square %[[O]] {nn.phase = "forward"} : (tensor<1x3x4x2xf64>) -> tensor<1x3x4x2xf64>
// CHECK-NEXT: %[[V4:[^ :,]+]] = nn.sum %[[V3]] dims [0, 1, 2, 3] {nn.phase = "forward"} : (tensor<1x3x4x2xf64>) -> tensor<f64>
// CHECK-NEXT: %[[V5:[^ :,]+]] = nn.fill 1.000000e+00 {nn.phase = "backward"} : tensor<f64>
// CHECK-NEXT: %[[V6:[^ :,]+]] = nn.broadcast %[[V5]] like %[[V3]] dims [0, 1, 2, 3] {nn.phase = "backward"} : (tensor<f64>, tensor<1x3x4x2xf64>) -> tensor<1x3x4x2xf64>
// CHECK-NEXT: %[[V7:[^ :,]+]] = nn.mul %[[V6]], %[[O]] {nn.phase = "backward"} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> tensor<1x3x4x2xf64>
// CHECK-NEXT: %[[V8:[^ :,]+]] = nn.scale %[[V7]] {factor = 2.000000e+00 : f64, nn.phase = "backward"} : (tensor<1x3x4x2xf64>) -> tensor<1x3x4x2xf64>
// CHECK-NEXT: %[[DQ:[^ :,]+]], %[[DK:[^ :,]+]], %[[DV:[^ :,]+]] = nn.flash_attention_grad %[[V0]], %[[V1]], %[[V2]], %[[O]], %[[LSE]], %[[V8]] {causal = true, nn.phase = "backward", scale = 0.69999999999999996 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x4x3xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>)
