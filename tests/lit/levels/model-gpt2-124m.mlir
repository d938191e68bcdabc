// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/gpt2-124m.mlir  --stop-after model > %t
// RUN: not grep -E 'nn\.(layers|apply|block) |nn\.scope "' %t
// RUN: tpc-opt %t --tpc-verify-model -o %t.again
// RUN: grep -E 'nn\.(parameter|tie|input|scalar|entry|training|dim) ' %t | grep -vE '@h\.([1-9]|1[0-9])\b' | FileCheck %s

// Level model of gpt2-124m: named dims bound, layers written out, of which the first is shown.

// CHECK: nn.dim @B = 4
// CHECK-NEXT: nn.dim @T = 64
// CHECK-NEXT: nn.input @tokens : tensor<4x64xi32>{{.*}}
// CHECK-NEXT: nn.input @labels : tensor<4x64xi32>{{.*}}
// CHECK-NEXT: nn.scalar @lr : tensor<f32> = 3.000000e-04
// CHECK-NEXT: nn.parameter @wte : tensor<50257x768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @wpe : tensor<1024x768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.ln_1.weight : tensor<768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.ln_1.bias : tensor<768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.q.weight : tensor<768x768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.q.bias : tensor<768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.k.weight : tensor<768x768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.k.bias : tensor<768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.v.weight : tensor<768x768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.v.bias : tensor<768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.o.weight : tensor<768x768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.o.bias : tensor<768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.ln_2.weight : tensor<768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.ln_2.bias : tensor<768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.mlp.fc.weight : tensor<3072x768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.mlp.fc.bias : tensor<3072xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.mlp.proj.weight : tensor<768x3072xf32>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.mlp.proj.bias : tensor<768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @ln_f.weight : tensor<768xf32>{{.*}}
// CHECK-NEXT: nn.parameter @ln_f.bias : tensor<768xf32>{{.*}}
// CHECK-NEXT: nn.tie @lm_head to @wte{{.*}}
// CHECK-NEXT: nn.entry @loss outputs ["loss"] {
// CHECK-NEXT: nn.training @train of @loss optimizer #nn.adam<lr = @lr, beta1 = 9.000000e-01 : f64, beta2 = 0.94999999999999996 : f64, eps = 1.000000e-08 : f64, weight_decay = 1.000000e-01 : f64, decoupled = true> clip_norm 1.000000e+00 groups [#nn.group<"*.bias", weight_decay = 0.000000e+00 : f64>, #nn.group<"*ln_*", weight_decay = 0.000000e+00 : f64>]
// CHECK-NOT: {{.}}
