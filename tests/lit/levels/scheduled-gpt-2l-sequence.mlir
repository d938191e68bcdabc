// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/gpt-2l.mlir --tp 2 --dim B=4 --dim T=64 --sequence-parallel on --stop-after scheduled > %t
// RUN: tpc-opt %t --tpc-verify-scheduled -o %t.again
// RUN: grep -cE 'tp\.(all_|reduce_)' %t | FileCheck %s --check-prefix=COUNT
// COUNT: 35
// RUN: grep -E 'nn\.entry|tp\.(all_|reduce_)' %t | grep -vE '"?@?h\.([1-9]|1[0-9])\b' | FileCheck %s

// Collectives in their final order, small ones packed: gpt-2l on two ranks that split the sequence between the blocks, of the layers the first.

// CHECK: nn.entry @loss outputs ["loss"] {
// CHECK-NEXT: tp.reduce_scatter %{{[^ ]+}} dim 1 on "tp" why "h.0.attn nn.layer_normalize takes operand 0 split(1) on tp{{.*}}" {nn.phase = "forward", nn.scope = "embed"} : (tensor<4x64x256xf32>) -> tensor<4x32x256xf32>
// CHECK-NEXT: tp.all_gather %{{[^ ]+}} dim 1 on "tp" why "h.0.attn nn.linear takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.attn"} : (tensor<4x32x256xf32>) -> tensor<4x64x256xf32>
// CHECK-NEXT: tp.reduce_scatter %{{[^ ]+}} dim 1 on "tp" why "h.0 nn.add takes operand 1 split(1) on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.attn"} : (tensor<4x64x256xf32>) -> tensor<4x32x256xf32>
// CHECK-NEXT: tp.all_gather %{{[^ ]+}} dim 1 on "tp" why "h.0.mlp nn.linear takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.mlp"} : (tensor<4x32x256xf32>) -> tensor<4x64x256xf32>
// CHECK-NEXT: tp.reduce_scatter %{{[^ ]+}} dim 1 on "tp" why "h.0 nn.add takes operand 1 split(1) on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.mlp"} : (tensor<4x64x256xf32>) -> tensor<4x32x256xf32>
// CHECK-NEXT: tp.all_gather %{{[^ ]+}} dim 1 on "tp" why "head nn.linear takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "head"} : (tensor<4x32x256xf32>) -> tensor<4x64x256xf32>
// CHECK-NEXT: tp.all_reduce max %{{[^ ]+}} on "tp" why "loss nn.ce_row_sums takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<4x64xf32>) -> tensor<4x64xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}}, %{{[^ ]+}} on "tp" why "loss nn.ce_row_loss takes operand 2 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<4x64xf32>, tensor<4x64xf32>) -> (tensor<4x64xf32>, tensor<4x64xf32>)
// CHECK-NEXT: nn.entry @train outputs ["loss"] {
// CHECK-NEXT: tp.reduce_scatter %{{[^ ]+}} dim 1 on "tp" why "h.0.attn nn.layer_normalize takes operand 0 split(1) on tp{{.*}}" {nn.phase = "forward", nn.scope = "embed"} : (tensor<4x64x256xf32>) -> tensor<4x32x256xf32>
// CHECK-NEXT: tp.all_gather %{{[^ ]+}} dim 1 on "tp" why "h.0.attn nn.linear takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.attn"} : (tensor<4x32x256xf32>) -> tensor<4x64x256xf32>
// CHECK-NEXT: tp.reduce_scatter %{{[^ ]+}} dim 1 on "tp" why "h.0 nn.add takes operand 1 split(1) on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.attn"} : (tensor<4x64x256xf32>) -> tensor<4x32x256xf32>
// CHECK-NEXT: tp.all_gather %{{[^ ]+}} dim 1 on "tp" why "h.0.mlp nn.linear takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.mlp"} : (tensor<4x32x256xf32>) -> tensor<4x64x256xf32>
// CHECK-NEXT: tp.reduce_scatter %{{[^ ]+}} dim 1 on "tp" why "h.0 nn.add takes operand 1 split(1) on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.mlp"} : (tensor<4x64x256xf32>) -> tensor<4x32x256xf32>
// CHECK-NEXT: tp.all_gather %{{[^ ]+}} dim 1 on "tp" why "head nn.linear takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "head"} : (tensor<4x32x256xf32>) -> tensor<4x64x256xf32>
// CHECK-NEXT: tp.all_reduce max %{{[^ ]+}} on "tp" why "loss nn.ce_row_sums takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<4x64xf32>) -> tensor<4x64xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}}, %{{[^ ]+}} on "tp" why "loss nn.ce_row_loss takes operand 2 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<4x64xf32>, tensor<4x64xf32>) -> (tensor<4x64xf32>, tensor<4x64xf32>)
// CHECK-NEXT: tp.reduce_scatter %{{[^ ]+}} dim 1 on "tp" why "head nn.mul takes operand 0 split(1) on tp{{.*}}" {nn.phase = "backward", nn.scope = "head"} : (tensor<4x64x256xf32>) -> tensor<4x32x256xf32>
// CHECK-NEXT: tp.all_gather %{{[^ ]+}} dim 1 on "tp" why "h.0.mlp nn.linear_input_grad takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.mlp"} : (tensor<4x32x256xf32>) -> tensor<4x64x256xf32>
// CHECK-NEXT: tp.reduce_scatter %{{[^ ]+}} dim 1 on "tp" why "h.0.mlp nn.mul takes operand 0 split(1) on tp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.mlp"} : (tensor<4x64x256xf32>) -> tensor<4x32x256xf32>
// CHECK-NEXT: tp.all_gather %{{[^ ]+}} dim 1 on "tp" why "h.0.attn nn.linear_input_grad takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.attn"} : (tensor<4x32x256xf32>) -> tensor<4x64x256xf32>
// CHECK-NEXT: tp.reduce_scatter %{{[^ ]+}} dim 1 on "tp" why "h.0.attn nn.mul takes operand 0 split(1) on tp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.attn"} : (tensor<4x64x256xf32>) -> tensor<4x32x256xf32>
// CHECK-NEXT: tp.all_gather %{{[^ ]+}} dim 1 on "tp" why "embed nn.embedding_grad takes operand 1 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "embed"} : (tensor<4x32x256xf32>) -> tensor<4x64x256xf32>
// CHECK-NOT: {{.}}
