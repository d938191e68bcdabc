// RUN: tpc-opt %s --tpc-expand-composites --tpc-build-training --tpc-verify-grad | FileCheck %s

// The gradient of nn.broadcast is a sum over the dims that it adds; what it is like gets none.

nn.parameter @x0 : tensor<3xf64> init #nn.init<ones>
nn.parameter @x1 : tensor<4x3xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<3xf64>
  %1 = nn.read @x1 : tensor<4x3xf64>
  %r = nn.broadcast %0 like %1 dims [0] : (tensor<3xf64>, tensor<4x3xf64>) -> tensor<4x3xf64>
  %m = nn.mul %r, %1 : (tensor<4x3xf64>, tensor<4x3xf64>) -> tensor<4x3xf64>
  %loss = nn.sum %m dims [0, 1] : (tensor<4x3xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// CHECK-LABEL: nn.entry @train
// CHECK: %[[Y:[^ :,]+]] = nn.broadcast
// CHECK: nn.sum %{{[^ :,]+}} dims [0] {nn.phase = "backward"} : (tensor<4x3xf64>) -> tensor<3xf64>
