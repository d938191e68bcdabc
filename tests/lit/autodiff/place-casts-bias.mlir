// RUN: tpc-opt %s --tpc-apply-precision=precision=bf16 --tpc-expand-composites --tpc-build-training --tpc-place-casts=precision=bf16 --tpc-verify-grad | FileCheck %s
// RUN: tpc-opt %s --tpc-expand-composites --tpc-build-training --tpc-place-casts=precision=tf32 | FileCheck %s --check-prefix=TF32

// A bias is an operand of its product, and rounded like one; their sum is made in float32, and rounded once. Its
// gradient is float32, and so is the bias of a norm, which no product has.

// CHECK-LABEL: nn.entry @train
// CHECK: %[[B:.*]] = nn.read @b
// CHECK: %[[P:.*]] = nn.linear {{.*}} : (tensor<4x8xbf16>, tensor<8x8xbf16>) -> tensor<4x8xf32>
// CHECK-NEXT: %[[BN:.*]] = nn.cast %[[B]] {nn.phase = "forward", nn.scope = "fc"} : (tensor<8xf32>) -> tensor<8xbf16>
// CHECK-NEXT: %[[BW:.*]] = nn.cast %[[BN]] {{.*}} : (tensor<8xbf16>) -> tensor<8xf32>
// CHECK-NEXT: %[[S:.*]] = nn.add %[[P]], %[[BW]]
// CHECK-NEXT: %[[SN:.*]] = nn.cast %[[S]] {{.*}} -> tensor<4x8xbf16>
// CHECK: nn.layer_normalize
// CHECK-NEXT: %[[M:.*]] = nn.mul
// CHECK-NEXT: nn.add %[[M]], %{{.*}} -> tensor<4x8xf32>
// CHECK: nn.sum {{.*}} dims [0] {{.*}} : (tensor<4x8xf32>) -> tensor<8xf32>

// TF32-LABEL: nn.entry @train
// TF32: %[[B:.*]] = nn.read @b
// TF32: %[[P:.*]] = nn.linear
// TF32: nn.add %[[P]], %[[B]]

nn.input @x : tensor<4x8xf32> dims ["", ""] draw #nn.init<normal, 0.0, 1.0>
nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @w : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>
nn.parameter @b : tensor<8xf32> init #nn.init<zeros>
nn.parameter @g : tensor<8xf32> init #nn.init<ones>
nn.parameter @h : tensor<8xf32> init #nn.init<zeros>

nn.entry @loss outputs ["loss"] {
  %x = nn.read @x : tensor<4x8xf32>
  %w = nn.read @w : tensor<8x8xf32>
  %b = nn.read @b : tensor<8xf32>
  %g = nn.read @g : tensor<8xf32>
  %h = nn.read @h : tensor<8xf32>
  %y = nn.linear %x, %w bias %b {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %n = nn.layer_norm %y weight %g bias %h {eps = 1.0e-5 : f64} : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %s = nn.square %n : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %loss = nn.sum %s dims [0, 1] : (tensor<4x8xf32>) -> tensor<f32>
  nn.return %loss : tensor<f32>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
