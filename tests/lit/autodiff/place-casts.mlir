// RUN: tpc-opt %s --tpc-apply-precision=precision=bf16 --tpc-expand-composites --tpc-build-training --tpc-place-casts=precision=bf16 --tpc-verify-grad | FileCheck %s
// RUN: tpc-opt %s --tpc-expand-composites --tpc-build-training --tpc-place-casts=precision=tf32 | FileCheck %s --check-prefix=TF32

// Each value is rounded once, before the first op that multiplies it, views included. A product is rounded
// behind its sum, if it is no gradient of a parameter. Sums and gradients of parameters are float32.

// TF32-LABEL: nn.entry @train
// TF32: %[[X:.*]] = nn.cast %{{.*}} {nn.phase = "forward", nn.scope = "q", tf32} : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
// TF32: nn.linear %[[X]],
// TF32-NOT: bf16

nn.input @x : tensor<2x4x8xf32> dims ["", "", ""] draw #nn.init<normal, 0.0, 1.0>
nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @w : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>
nn.parameter @out : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>

nn.entry @loss outputs ["loss"] {
  %x = nn.read @x : tensor<2x4x8xf32>
  %w = nn.read @w : tensor<8x8xf32>
  %out = nn.read @out : tensor<8x8xf32>
  %q = nn.linear %x, %w {nn.scope = "q"} : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %h = nn.split_dim %q dim 2 minor 4 : (tensor<2x4x8xf32>) -> tensor<2x4x2x4xf32>
  %o = nn.attention %h, %h, %h {causal = true} : (tensor<2x4x2x4xf32>, tensor<2x4x2x4xf32>, tensor<2x4x2x4xf32>) -> tensor<2x4x2x4xf32>
  %m = nn.merge_dims %o dim 2 : (tensor<2x4x2x4xf32>) -> tensor<2x4x8xf32>
  %y = nn.linear %m, %out : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %s = nn.square %y : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %loss = nn.sum %s dims [0, 1, 2] : (tensor<2x4x8xf32>) -> tensor<f32>
  nn.return %loss : tensor<f32>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// CHECK-LABEL: nn.entry @train
// CHECK: %[[X:.*]] = nn.read @x
// CHECK: %[[OUT:.*]] = nn.read @out
// CHECK-NEXT: %[[XN:.*]] = nn.cast %[[X]] {nn.phase = "forward", nn.scope = "q"} : (tensor<2x4x8xf32>) -> tensor<2x4x8xbf16>
// CHECK-NEXT: %[[WN:.*]] = nn.cast
// CHECK-NEXT: %[[Q:.*]] = nn.linear %[[XN]], %[[WN]] {{.*}} -> tensor<2x4x8xf32>
// CHECK-NEXT: %[[QN:.*]] = nn.cast %[[Q]]
// CHECK-NEXT: %[[HN:.*]] = nn.split_dim %[[QN]] {{.*}} -> tensor<2x4x2x4xbf16>
// CHECK-NEXT: %[[O:.*]], %[[LSE:.*]] = nn.flash_attention %[[HN]], %[[HN]], %[[HN]] {{.*}} -> (tensor<2x4x2x4xbf16>, tensor<2x2x4xf32>)
// CHECK-NEXT: %[[MN:.*]] = nn.merge_dims %[[O]]
// CHECK-NEXT: %[[OUTN:.*]] = nn.cast %[[OUT]]
// CHECK-NEXT: %[[Y:.*]] = nn.linear %[[MN]], %[[OUTN]]
// CHECK-NEXT: %[[YN:.*]] = nn.cast %[[Y]] {{.*}} -> tensor<2x4x8xbf16>
// CHECK-NEXT: %[[YW:.*]] = nn.cast %[[YN]] {{.*}} -> tensor<2x4x8xf32>
// CHECK-NEXT: nn.square %[[YW]]
// CHECK: %[[DY:.*]] = nn.scale
// CHECK-NEXT: %[[DYN:.*]] = nn.cast %[[DY]] {nn.phase = "backward"}
// CHECK-NEXT: nn.linear_input_grad %[[DYN]], %[[OUTN]] {{.*}} -> tensor<2x4x8xf32>
// CHECK-NEXT: nn.cast {{.*}} -> tensor<2x4x8xbf16>
// CHECK-NEXT: nn.linear_weight_grad %[[DYN]], %[[MN]] {{.*}} -> tensor<8x8xf32>
// CHECK: nn.flash_attention_grad %[[HN]], %[[HN]], %[[HN]], %[[O]], %[[LSE]]
// The three gradients of one value are added in float32 and rounded once.
// CHECK: %[[DH:.*]] = nn.add %{{.*}}, %{{.*}}, %{{.*}} -> tensor<2x4x2x4xf32>
// CHECK-NEXT: %[[DHN:.*]] = nn.cast %[[DH]]
// CHECK-NEXT: %[[DQN:.*]] = nn.merge_dims %[[DHN]]
// CHECK-NEXT: nn.linear_weight_grad %[[DQN]], %[[XN]] {{.*}} -> tensor<8x8xf32>
