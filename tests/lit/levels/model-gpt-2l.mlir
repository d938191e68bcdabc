// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/gpt-2l.mlir  --stop-after model > %t
// RUN: not grep -E 'nn\.(layers|apply|block) |nn\.scope "' %t
// RUN: tpc-opt %t --tpc-verify-model -o %t.again
// RUN: grep -E 'nn\.(parameter|tie|input|scalar|entry|training|dim) ' %t | grep -vE '@h\.([1-9]|1[0-9])\b' | FileCheck %s

// Level model of gpt-2l: named dims bound, layers written out, of which the first is shown.

// CHECK: nn.dim @B = 1
// CHECK-NEXT: nn.dim @T = 7
// CHECK-NEXT: nn.input @tokens : tensor<1x7xi32>{{.*}}
// CHECK-NEXT: nn.input @labels : tensor<1x7xi32>{{.*}}
// CHECK-NEXT: nn.scalar @lr : tensor<f32> = 1.000000e-02
// CHECK-NEXT: nn.tie @wte to @lm_head{{.*}}
// CHECK-NEXT: nn.parameter @wpe : tensor<1024x256xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.ln_1.weight : tensor<256xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.q.weight : tensor<256x256xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.k.weight : tensor<256x256xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.v.weight : tensor<256x256xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.o.weight : tensor<256x256xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.ln_2.weight : tensor<256xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.mlp.fc.weight : tensor<1024x256xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.mlp.proj.weight : tensor<256x1024xf32>{{.*}}
// CHECK-NEXT: nn.parameter @ln_f.weight : tensor<256xf32>{{.*}}
// CHECK-NEXT: nn.parameter @lm_head : tensor<50257x256xf32>{{.*}}
// CHECK-NEXT: nn.entry @loss outputs ["loss"] {
// CHECK-NEXT: nn.training @train of @loss optimizer #nn.adam<lr = @lr, beta1 = 9.000000e-01 : f64, beta2 = 0.94999999999999996 : f64, eps = 1.000000e-08 : f64, weight_decay = 1.000000e-01 : f64>
// CHECK-NOT: {{.}}
