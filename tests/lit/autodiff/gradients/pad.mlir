// RUN: tpc-opt %s --tpc-expand-composites --tpc-build-training --tpc-verify-grad | FileCheck %s

// The gradient of nn.pad, as the training step computes it for the sum of squares of its result.

nn.parameter @x0 : tensor<4x3x2xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<4x3x2xf64>
  %r = nn.pad %0 dim 1 start 2 : (tensor<4x3x2xf64>) -> tensor<4x7x2xf64>
  %s = nn.square %r : (tensor<4x7x2xf64>) -> tensor<4x7x2xf64>
  %loss = nn.sum %s dims [0, 1, 2] : (tensor<4x7x2xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// CHECK-LABEL: nn.entry @train
// CHECK: %[[Y:[^ :,]+]] = nn.pad
// CHECK: nn.mul %{{[^ :,]+}}, %[[Y]] {nn.phase = "backward"}
// CHECK-NEXT: %[[DY:[^ :,]+]] = nn.scale {{.*}}factor = 2.000000e+00
// CHECK-NEXT: %{{[^ :,]+}} = nn.slice %[[DY]] dim 1 start 2 size 3 {nn.phase = "backward"} : (tensor<4x7x2xf64>) -> tensor<4x3x2xf64>
