// RUN: tpc-opt %s --tpc-apply-precision=precision=bf16 --tpc-expand-composites --tpc-build-training --tpc-place-casts=precision=bf16 --tpc-verify-grad | FileCheck %s
// RUN: tpc-opt %s --tpc-expand-composites --tpc-build-training --tpc-place-casts=precision=tf32 | FileCheck %s --check-prefix=TF32

// Products that are added to something else are summed apart, with their biases, and rounded once; the residual
// stream and its gradient stay float32. tf32 rounds no sums.

// CHECK-LABEL: nn.entry @train
// CHECK: %[[B:.*]] = nn.read @b
// CHECK: %[[H:.*]] = nn.tanh
// CHECK: %[[O:.*]] = nn.linear {{.*}} -> tensor<4x8xf32>
// CHECK: %[[P:.*]] = nn.linear {{.*}} -> tensor<4x8xf32>
// CHECK-NEXT: %[[BN:.*]] = nn.cast %[[B]] {{.*}} -> tensor<8xbf16>
// CHECK-NEXT: %[[BW:.*]] = nn.cast %[[BN]] {{.*}} -> tensor<8xf32>
// CHECK-NEXT: %[[S:.*]] = nn.add %[[O]], %[[P]], %[[BW]] {nn.phase = "forward", nn.scope = "h"}
// CHECK-NEXT: %[[SN:.*]] = nn.cast %[[S]] {{.*}} -> tensor<4x8xbf16>
// CHECK-NEXT: %[[SW:.*]] = nn.cast %[[SN]] {{.*}} -> tensor<4x8xf32>
// CHECK-NEXT: %[[Y:.*]] = nn.add %[[H]], %[[SW]] {nn.phase = "forward", nn.scope = "h"}
// CHECK-NEXT: nn.square %[[Y]]
// CHECK: %[[DY:.*]] = nn.scale {{.*}} -> tensor<4x8xf32>
// CHECK: %[[DP:.*]] = nn.linear_input_grad {{.*}} -> tensor<4x8xf32>
// CHECK: %[[DO:.*]] = nn.linear_input_grad {{.*}} -> tensor<4x8xf32>
// CHECK: %[[D:.*]] = nn.add %[[DP]], %[[DO]] {nn.phase = "backward"}
// CHECK-NEXT: %[[DN:.*]] = nn.cast %[[D]] {{.*}} -> tensor<4x8xbf16>
// CHECK-NEXT: %[[DW:.*]] = nn.cast %[[DN]] {{.*}} -> tensor<4x8xf32>
// CHECK-NEXT: nn.add %[[DY]], %[[DW]] {nn.phase = "backward"}

// TF32-LABEL: nn.entry @train
// TF32: nn.add %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {nn.phase = "forward", nn.scope = "h"}
// TF32: nn.add %{{.*}}, %{{.*}}, %{{.*}} {nn.phase = "backward"}

nn.input @x : tensor<4x8xf32> dims ["", ""] draw #nn.init<normal, 0.0, 1.0>
nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @s : tensor<8xf32> init #nn.init<ones>
nn.parameter @v : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>
nn.parameter @w : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>
nn.parameter @b : tensor<8xf32> init #nn.init<zeros>

nn.entry @loss outputs ["loss"] {
  %x = nn.read @x : tensor<4x8xf32>
  %s = nn.read @s : tensor<8xf32>
  %v = nn.read @v : tensor<8x8xf32>
  %w = nn.read @w : tensor<8x8xf32>
  %b = nn.read @b : tensor<8xf32>
  %m = nn.mul %x, %s : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %h = nn.tanh %m : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %o = nn.linear %h, %v {nn.scope = "h"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %p = nn.linear %h, %w bias %b {nn.scope = "h"} : (tensor<4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %y = nn.add %h, %o, %p {nn.scope = "h"} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %q = nn.square %y : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %loss = nn.sum %q dims [0, 1] : (tensor<4x8xf32>) -> tensor<f32>
  nn.return %loss : tensor<f32>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
