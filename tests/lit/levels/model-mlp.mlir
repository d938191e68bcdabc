// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/mlp.mlir  --stop-after model > %t
// RUN: not grep -E 'nn\.(layers|apply|block) |nn\.scope "' %t
// RUN: tpc-opt %t --tpc-verify-model -o %t.again
// RUN: grep -E 'nn\.(parameter|tie|input|scalar|entry|training|dim) ' %t | FileCheck %s

// Level model of mlp: named dims bound, layers written out; it has none.

// CHECK: nn.dim @B = 8
// CHECK-NEXT: nn.input @x : tensor<8x128xf32>{{.*}}
// CHECK-NEXT: nn.scalar @lr : tensor<f32> = 1.000000e-02
// CHECK-NEXT: nn.parameter @fc1 : tensor<128x128xf32>{{.*}}
// CHECK-NEXT: nn.parameter @fc2 : tensor<128x128xf32>{{.*}}
// CHECK-NEXT: nn.entry @loss outputs ["loss", "y"] {
// CHECK-NEXT: nn.training @train of @loss optimizer #nn.adam<lr = @lr, beta1 = 9.000000e-01 : f64, beta2 = 0.94999999999999996 : f64, eps = 1.000000e-08 : f64, weight_decay = 1.000000e-01 : f64>
// CHECK-NOT: {{.}}
