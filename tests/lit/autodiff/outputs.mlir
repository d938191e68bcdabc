// RUN: tpc-opt %s --tpc-resolve-reads --tpc-expand-composites --tpc-build-training --tpc-verify-grad | FileCheck %s
// REQUIRES: tpc-compile
// RUN: tpc-compile compile %s -o %t.plan

// A training returns all scalars of the trained entry: the loss under its own name, the others in their order,
// the norm of the gradients last. What has dims is left out. A parameter is returned as it was before the step,
// by a copy; what the step does not write needs none.

module @parts {
nn.scalar @lr : tensor<f32> = 0.25
nn.input @x : tensor<4x3xf32> dims ["", ""] draw #nn.init<normal, 0.0, 1.0>
nn.parameter @t : tensor<f32> init #nn.init<ones>

nn.entry @loss outputs ["total", "mean", "y", "t", "square", "lr", "again"] {
  %x = nn.read @x : tensor<4x3xf32>
  %t = nn.read @t : tensor<f32>
  %lr = nn.read @lr : tensor<f32>
  %y = nn.mul %x, %t : (tensor<4x3xf32>, tensor<f32>) -> tensor<4x3xf32>
  %m = nn.sum %y dims [0, 1] : (tensor<4x3xf32>) -> tensor<f32>
  %q = nn.square %t : (tensor<f32>) -> tensor<f32>
  %l = nn.add %m, %q : (tensor<f32>, tensor<f32>) -> tensor<f32>
  nn.return %l, %m, %y, %t, %q, %lr, %m : tensor<f32>, tensor<f32>, tensor<4x3xf32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr> clip_norm 1.0

nn.entry @other outputs ["loss", "grad_norm"] {
  %t = nn.read @t : tensor<f32>
  %q = nn.square %t : (tensor<f32>) -> tensor<f32>
  nn.return %q, %t : tensor<f32>, tensor<f32>
}
nn.training @unclipped of @other optimizer #nn.sgd<lr = @lr>
}

// CHECK-LABEL: nn.entry @train outputs ["loss", "mean", "t", "square", "lr", "again", "grad_norm"]
// CHECK: %[[T:.*]] = nn.read @t
// CHECK-NEXT: %[[COPY:.*]] = nn.scale %[[T]] {factor = 1.000000e+00 : f64, nn.phase = "forward"}
// CHECK-NEXT: %[[LR:.*]] = nn.read @lr
// CHECK: %[[M:.*]] = nn.sum
// CHECK-NEXT: %[[Q:.*]] = nn.square %[[T]]
// CHECK-NEXT: %[[L:.*]] = nn.add %[[M]], %[[Q]]
// CHECK: %{{.*}}, %[[NORM:.*]] = nn.clip_factor
// CHECK: nn.return %[[L]], %[[M]], %[[COPY]], %[[Q]], %[[LR]], %[[M]], %[[NORM]] :

// Without clipping there is no norm, and the name is free.
// CHECK-LABEL: nn.entry @unclipped outputs ["loss", "grad_norm"]
