// RUN: tpc-opt %s --tpc-expand-composites --tpc-build-training --tpc-verify-grad | FileCheck %s

// A value that is used as gradient of nothing is not computed: ops that were built for it are gone,
// and so are outputs of the trained entry that are no loss.

nn.input @x : tensor<2x3xf32> dims ["", ""] draw #nn.init<normal, 0.0, 1.0>
nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @w : tensor<3xf32> init #nn.init<ones>

// CHECK-LABEL: nn.entry @loss
nn.entry @loss outputs ["loss", "exp"] {
  %x = nn.read @x : tensor<2x3xf32>
  %w = nn.read @w : tensor<3xf32>
  %y = nn.mul %x, %w : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // Unused: removed from every entry.
  // CHECK-NOT: nn.tanh
  %unused = nn.tanh %y : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %exp = nn.exp %y : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %q = nn.div %y, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %loss = nn.sum %q dims [0, 1] : (tensor<2x3xf32>) -> tensor<f32>
  // CHECK: nn.return %{{.*}}, %{{.*}} : tensor<f32>, tensor<2x3xf32>
  nn.return %loss, %exp : tensor<f32>, tensor<2x3xf32>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr, momentum = 0.9, weight_decay = 0.1>

// CHECK-LABEL: nn.entry @train
// CHECK: %[[X:.*]] = nn.read @x
// CHECK: %[[W:.*]] = nn.read @w
// CHECK-NEXT: %[[Y:.*]] = nn.mul %[[X]], %[[W]] {nn.phase = "forward"}
// CHECK-NEXT: %[[Q:.*]] = nn.div %[[Y]], %[[X]]
// CHECK-NEXT: %[[LOSS:.*]] = nn.sum %[[Q]]
// CHECK-NEXT: %[[ONE:.*]] = nn.fill 1.000000e+00 {nn.phase = "backward"} : tensor<f32>
// CHECK-NEXT: %[[DQ:.*]] = nn.broadcast %[[ONE]] like %[[Y:.*]] dims [0, 1]
// CHECK-NEXT: %[[DY:.*]] = nn.div %[[DQ]], %[[X]]
// CHECK-NEXT: %[[P:.*]] = nn.mul %[[DY]], %[[X]]
// CHECK-NEXT: %[[DW:.*]] = nn.sum %[[P]] dims [0]
// CHECK: %[[M:.*]] = nn.read @w.m
// CHECK: nn.sgd %[[W]], %[[DW]], %[[M]], %{{.*}} {momentum = 9.000000e-01 : f64, nn.phase = "update", nn.scope = "w", weight_decay = 1.000000e-01 : f64}
// CHECK-NEXT: nn.write %{{.*}}, @w {
// CHECK-NEXT: nn.write %{{.*}}, @w.m {
// CHECK-NEXT: nn.return %[[LOSS]]
