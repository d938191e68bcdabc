// RUN: tpc-opt %s --tpc-resolve-reads --tpc-expand-composites --tpc-build-training --tpc-verify-grad | FileCheck %s

// The norm is over all gradients, by one n-ary add, and an output. Groups decide on weight decay, the
// first that matches. The step number and the moments are declared.

nn.input @x : tensor<2x8xf32> dims ["", ""] draw #nn.init<normal, 0.0, 1.0>
nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @fc.weight : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>
nn.parameter @fc.bias : tensor<8xf32> init #nn.init<zeros>
nn.parameter @gain : tensor<f32> init #nn.init<ones>

nn.entry @loss outputs ["loss", "y"] {
  %x = nn.read @x : tensor<2x8xf32>
  %w = nn.read @fc.weight : tensor<8x8xf32>
  %b = nn.read @fc.bias : tensor<8xf32>
  %g = nn.read @gain : tensor<f32>
  %y = nn.linear %x, %w bias %b : (tensor<2x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %z = nn.mul %y, %g : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %loss = nn.mean %z dims [0, 1] : (tensor<2x8xf32>) -> tensor<f32>
  nn.return %loss, %y : tensor<f32>, tensor<2x8xf32>
}
nn.training @train of @loss optimizer #nn.adam<lr = @lr, decoupled = true> clip_norm 0.5
    groups [#nn.group<"fc.bias", weight_decay = 0.25 : f64>, #nn.group<"fc.*", weight_decay = 0.5 : f64>]

// CHECK: nn.scalar @step : tensor<i32> = 0.000000e+00 role{{ +}}step
// CHECK: nn.state @fc.weight.m : tensor<8x8xf32> of @fc.weight slot "m"
// CHECK: nn.state @fc.weight.v : tensor<8x8xf32> of @fc.weight slot "v"
// CHECK: nn.state @fc.bias.m
// CHECK: nn.state @gain.v : tensor<f32> of @gain slot "v"
// CHECK-LABEL: nn.entry @train outputs ["loss", "grad_norm"]
// CHECK: nn.square %[[DW:[0-9]+]] {nn.phase = "update", nn.scope = "fc.weight"}
// CHECK-NEXT: %[[W:.*]] = nn.sum %{{.*}} dims [0, 1]
// CHECK-NEXT: nn.square %[[DB:[0-9]+]] {
// CHECK-NEXT: %[[B:.*]] = nn.sum %{{.*}} dims [0]
// CHECK-NEXT: %[[G:.*]] = nn.square %[[DG:[0-9]+]] {
// CHECK-NEXT: %[[TOTAL:.*]] = nn.add %[[W]], %[[B]], %[[G]] {nn.phase = "update"}
// CHECK-NEXT: %[[FACTOR:.*]], %[[NORM:.*]] = nn.clip_factor %[[TOTAL]] {max_norm = 5.000000e-01 : f64
// CHECK-NEXT: %[[CW:.*]] = nn.mul %[[DW]], %[[FACTOR]]
// CHECK-NEXT: %[[CB:.*]] = nn.mul %[[DB]], %[[FACTOR]]
// CHECK-NEXT: %[[CG:.*]] = nn.mul %[[DG]], %[[FACTOR]]
// CHECK: %[[LR:.*]] = nn.read @lr
// CHECK: %[[STEP:.*]] = nn.read @step
// CHECK: nn.adam %{{.*}}, %[[CW]], %{{.*}}, %{{.*}}, %[[LR]], %[[STEP]] {{.*}}weight_decay = 5.000000e-01
// CHECK: nn.adam %{{.*}}, %[[CB]], {{.*}}weight_decay = 2.500000e-01
// AdamW's own default is left for what no group matches.
// CHECK: nn.adam %{{.*}}, %[[CG]], {{.*}}weight_decay = 1.000000e-02
// CHECK: nn.return %{{.*}}, %[[NORM]] : tensor<f32>, tensor<f32>
