// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/gpt2-124m.mlir --tp 2 --stop-after scheduled > %t
// RUN: tpc-opt %t --tpc-verify-scheduled -o %t.again
// RUN: grep -cE 'tp\.(all_|reduce_)' %t | FileCheck %s --check-prefix=COUNT
// COUNT: 80
// RUN: grep -E 'nn\.entry|tp\.(all_|reduce_)' %t | grep -vE '"?@?h\.([1-9]|1[0-9])\b' | FileCheck %s

// Collectives in their final order, small ones packed: gpt2-124m on two ranks, of the layers the first.

// CHECK: nn.entry @loss outputs ["loss"] {
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.attn nn.layer_normalize takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "embed"} : (tensor<4x64x768xf32>) -> tensor<4x64x768xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.attn nn.add takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.attn"} : (tensor<4x64x768xf32>) -> tensor<4x64x768xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.mlp nn.add takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.mlp"} : (tensor<4x64x768xf32>) -> tensor<4x64x768xf32>
// CHECK-NEXT: tp.all_reduce max %{{[^ ]+}} on "tp" why "loss nn.ce_row_sums takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<4x64xf32>) -> tensor<4x64xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}}, %{{[^ ]+}} on "tp" why "loss nn.ce_row_loss takes operand 2 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<4x64xf32>, tensor<4x64xf32>) -> (tensor<4x64xf32>, tensor<4x64xf32>)
// CHECK-NEXT: nn.entry @train outputs ["loss", "grad_norm"] {
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.attn nn.layer_normalize takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "embed"} : (tensor<4x64x768xf32>) -> tensor<4x64x768xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.attn nn.add takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.attn"} : (tensor<4x64x768xf32>) -> tensor<4x64x768xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.mlp nn.add takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.mlp"} : (tensor<4x64x768xf32>) -> tensor<4x64x768xf32>
// CHECK-NEXT: tp.all_reduce max %{{[^ ]+}} on "tp" why "loss nn.ce_row_sums takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<4x64xf32>) -> tensor<4x64xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}}, %{{[^ ]+}} on "tp" why "loss nn.ce_row_loss takes operand 2 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<4x64xf32>, tensor<4x64xf32>) -> (tensor<4x64xf32>, tensor<4x64xf32>)
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "head nn.sum takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "head"} : (tensor<4x64x768xf32>) -> tensor<4x64x768xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.mlp nn.sum takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.mlp"} : (tensor<4x64x768xf32>) -> tensor<4x64x768xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.attn nn.sum takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.attn"} : (tensor<4x64x768xf32>) -> tensor<4x64x768xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "nn.add takes operand 0 replicated on tp{{.*}}" {nn.phase = "update"} : (tensor<f32>) -> tensor<f32>
// CHECK-NOT: {{.}}
