// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/gpt-2l.mlir --tp 2 --stop-after local > %t
// RUN: tpc-opt %t --tpc-verify-local -o %t.again
// RUN: grep -cE 'tp\.(all_|reduce_)' %t | FileCheck %s --check-prefix=COUNT
// COUNT: 21
// RUN: grep -E 'nn\.entry|tp\.(all_|reduce_|slice|mask|offset)' %t | grep -vE '"?@?h\.([1-9]|1[0-9])\b' | FileCheck %s

// Collectives, slices, masks and offsets: gpt-2l on two ranks, of the layers the first.

// CHECK: nn.entry @loss outputs ["loss"] {
// CHECK-NEXT: tp.offset 25129 on "tp" {nn.phase = "forward", nn.scope = "embed"}
// CHECK-NEXT: tp.offset 512 on "tp" {nn.phase = "forward", nn.scope = "embed"}
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.attn nn.layer_normalize takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "embed"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0 nn.add takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.attn"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0 nn.add takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.mlp"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.offset 25129 on "tp" {nn.phase = "forward", nn.scope = "loss"}
// CHECK-NEXT: tp.all_reduce max %{{[^ ]+}} on "tp" why "loss nn.ce_row_sums takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<1x7xf32>) -> tensor<1x7xf32>
// CHECK-NEXT: tp.offset 25129 on "tp" {nn.phase = "forward", nn.scope = "loss"}
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "loss nn.ce_row_loss takes operand 2 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<1x7xf32>) -> tensor<1x7xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "loss nn.ce_row_loss takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<1x7xf32>) -> tensor<1x7xf32>
// CHECK-NEXT: nn.entry @train outputs ["loss"] {
// CHECK-NEXT: tp.offset 25129 on "tp" {nn.phase = "forward", nn.scope = "embed"}
// CHECK-NEXT: tp.offset 512 on "tp" {nn.phase = "forward", nn.scope = "embed"}
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.attn nn.layer_normalize takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "embed"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0 nn.add takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.attn"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0 nn.add takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.mlp"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.offset 25129 on "tp" {nn.phase = "forward", nn.scope = "loss"}
// CHECK-NEXT: tp.all_reduce max %{{[^ ]+}} on "tp" why "loss nn.ce_row_sums takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<1x7xf32>) -> tensor<1x7xf32>
// CHECK-NEXT: tp.offset 25129 on "tp" {nn.phase = "forward", nn.scope = "loss"}
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "loss nn.ce_row_loss takes operand 2 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<1x7xf32>) -> tensor<1x7xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "loss nn.ce_row_loss takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : (tensor<1x7xf32>) -> tensor<1x7xf32>
// CHECK-NEXT: tp.offset 25129 on "tp" {nn.phase = "backward", nn.scope = "loss"}
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "head nn.mul takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "head"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.mlp nn.mul takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.mlp"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "h.0.attn nn.mul takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.attn"} : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
// CHECK-NEXT: tp.offset 512 on "tp" {nn.phase = "backward", nn.scope = "embed"}
// CHECK-NEXT: tp.offset 25129 on "tp" {nn.phase = "backward", nn.scope = "embed"}
// CHECK-NOT: {{.}}
