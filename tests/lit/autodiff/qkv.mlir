// RUN: tpc-opt %s --tpc-resolve-reads --tpc-expand-composites --tpc-build-training --tpc-verify-grad | FileCheck %s

// The input gradients of q, k and v are added by one op before anything else sees them, so that a
// column split reduces them once. So are the two uses of the residual.

nn.input @x : tensor<2x4x8xf32> dims ["", "", ""] draw #nn.init<normal, 0.0, 1.0>
nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @in : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>
nn.parameter @ln : tensor<8xf32> init #nn.init<ones>
nn.parameter @q : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>
nn.parameter @k : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>
nn.parameter @v : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>

nn.entry @loss outputs ["loss"] {
  %x = nn.read @x : tensor<2x4x8xf32>
  %in = nn.read @in : tensor<8x8xf32>
  %w = nn.read @ln : tensor<8xf32>
  %qw = nn.read @q : tensor<8x8xf32>
  %kw = nn.read @k : tensor<8x8xf32>
  %vw = nn.read @v : tensor<8x8xf32>
  %r = nn.linear %x, %in : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %n = nn.rms_norm %r weight %w {eps = 1.0e-5, nn.scope = "ln"} : (tensor<2x4x8xf32>, tensor<8xf32>) -> tensor<2x4x8xf32>
  %q = nn.linear %n, %qw : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %k = nn.linear %n, %kw : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %v = nn.linear %n, %vw : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %qh = nn.split_dim %q dim 2 minor 4 : (tensor<2x4x8xf32>) -> tensor<2x4x2x4xf32>
  %kh = nn.split_dim %k dim 2 minor 4 : (tensor<2x4x8xf32>) -> tensor<2x4x2x4xf32>
  %vh = nn.split_dim %v dim 2 minor 4 : (tensor<2x4x8xf32>) -> tensor<2x4x2x4xf32>
  %o = nn.attention %qh, %kh, %vh {causal = true} : (tensor<2x4x2x4xf32>, tensor<2x4x2x4xf32>, tensor<2x4x2x4xf32>) -> tensor<2x4x2x4xf32>
  %m = nn.merge_dims %o dim 2 : (tensor<2x4x2x4xf32>) -> tensor<2x4x8xf32>
  %y = nn.add %r, %m : (tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %s = nn.square %y : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %loss = nn.sum %s dims [0, 1, 2] : (tensor<2x4x8xf32>) -> tensor<f32>
  nn.return %loss : tensor<f32>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// CHECK-LABEL: nn.entry @train outputs ["loss"]
// CHECK: nn.fill 1.000000e+00 {nn.phase = "backward"}
// CHECK: %[[DY:.*]] = nn.scale
// CHECK: nn.flash_attention_grad
// CHECK: %[[DV:.*]] = nn.linear_input_grad
// CHECK-NEXT: nn.linear_weight_grad
// CHECK-NEXT: %[[DK:.*]] = nn.linear_input_grad
// CHECK-NEXT: nn.linear_weight_grad
// CHECK-NEXT: %[[DQ:.*]] = nn.linear_input_grad
// CHECK-NEXT: nn.linear_weight_grad
// CHECK-NEXT: %[[DN:.*]] = nn.add %[[DV]], %[[DK]], %[[DQ]] {nn.phase = "backward", nn.scope = "ln"}
// CHECK-NEXT: %[[DXHAT:.*]] = nn.mul %[[DN]]
// CHECK: %[[DNORM:.*]] = nn.rms_normalize_grad %[[DXHAT]]
// CHECK-NEXT: %[[DR:.*]] = nn.add %[[DY]], %[[DNORM]]
// CHECK-NEXT: %[[DIN:.*]] = nn.linear_weight_grad %[[DR]]
// The input needs no gradient. Updates follow in the order of the parameters.
// CHECK-NOT: nn.linear_input_grad
// CHECK: nn.sgd %{{.*}}, %[[DIN]]
// CHECK-NEXT: nn.write %{{.*}}, @in {nn.phase = "update", nn.scope = "in"}
// CHECK: nn.write %{{.*}}, @ln
// CHECK: nn.write %{{.*}}, @q
// CHECK: nn.write %{{.*}}, @k
// CHECK: nn.write %{{.*}}, @v
// CHECK-NEXT: nn.return
