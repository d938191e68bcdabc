// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/gpt-2l.mlir --dp 2 --tp 2 --dim B=2 --stop-after scheduled > %t
// RUN: tpc-opt %t --tpc-verify-scheduled -o %t.again
// RUN: grep -cE 'tp\.(all_|reduce_)' %t | FileCheck %s --check-prefix=COUNT
// COUNT: 27
// RUN: grep -E 'nn\.entry|tp\.(all_|reduce_)' %t | grep -vE '"?@?h\.([1-9]|1[0-9])\b' | FileCheck %s

// Collectives in their final order, small ones packed: gpt-2l on a 2 x 2 mesh, of the layers the first.

// CHECK: nn.entry @loss outputs ["loss"] {
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.attn nn.layer_normalize takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "embed"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0 nn.add takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.attn"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0 nn.add takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.mlp"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce max %{{[^ ]+}} on "tp" why "loss nn.ce_row_sums takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<1x7xf32>) -> tensor<1x7xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}}, %{{[^ ]+}} on "tp" why "loss nn.ce_row_loss takes operand 2 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<1x7xf32>, tensor<1x7xf32>) -> (tensor<1x7xf32>, tensor<1x7xf32>)
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}}, %{{[^ ]+}} on "dp" why "loss nn.div_count takes operand 0 replicated on dp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
// CHECK-NEXT: nn.entry @train outputs ["loss"] {
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.attn nn.layer_normalize takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "embed"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0 nn.add takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.attn"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0 nn.add takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.mlp"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce max %{{[^ ]+}} on "tp" why "loss nn.ce_row_sums takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<1x7xf32>) -> tensor<1x7xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}}, %{{[^ ]+}} on "tp" why "loss nn.ce_row_loss takes operand 2 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<1x7xf32>, tensor<1x7xf32>) -> (tensor<1x7xf32>, tensor<1x7xf32>)
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}}, %{{[^ ]+}} on "dp" why "loss nn.div_count takes operand 0 replicated on dp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "head nn.mul takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "head"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.mlp nn.mul takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.mlp"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} on "dp" why "h.0.mlp.proj.weight nn.adam takes operand 1 replicated on dp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.mlp"} : (tensor<256x512xf32>, tensor<512x256xf32>, tensor<256xf32>) -> (tensor<256x512xf32>, tensor<512x256xf32>, tensor<256xf32>)
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.attn nn.mul takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.attn"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} on "dp" why "h.0.attn.o.weight nn.adam takes operand 1 replicated on dp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.attn"} : (tensor<256x128xf32>, tensor<128x256xf32>, tensor<128x256xf32>, tensor<128x256xf32>, tensor<256xf32>) -> (tensor<256x128xf32>, tensor<128x256xf32>, tensor<128x256xf32>, tensor<128x256xf32>, tensor<256xf32>)
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}}, %{{[^ ]+}} on "dp" why "wpe nn.adam takes operand 1 replicated on dp{{.*}}" {nn.phase = "backward", nn.scope = "embed"} : (tensor<512x256xf32>, tensor<25129x256xf32>) -> (tensor<512x256xf32>, tensor<25129x256xf32>)
// CHECK-NOT: {{.}}
