// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/gpt-2l.mlir --target cuda --tp 2 --stop-after scheduled > %t
// RUN: tpc-opt %t --tpc-verify-scheduled -o %t.again
// RUN: grep -cE 'tp\.(all_|reduce_).*tp.stream = 1' %t | FileCheck %s --check-prefix=COUNT
// COUNT: 19
// RUN: grep -E 'nn\.entry|tp\.(all_|reduce_)|weight_grad|input_grad' %t | sed -n '/@train/,$p' | FileCheck %s

// The weight gradients of a layer run beside the reduction of its input gradients: they stand behind it,
// and before what uses its result, the input gradients of the layer below.

// CHECK: nn.entry @train
// CHECK: tp.all_reduce sum {{.*}}nn.phase = "backward", nn.scope = "head"
// CHECK-NEXT: nn.linear_weight_grad {{.*}}nn.scope = "head"
// CHECK-NEXT: nn.linear_input_grad {{.*}}nn.scope = "h.1.mlp"
// CHECK-NEXT: nn.linear_input_grad {{.*}}nn.scope = "h.1.mlp"
// CHECK-NEXT: tp.all_reduce sum {{.*}}nn.phase = "backward", nn.scope = "h.1.mlp"
// CHECK-NEXT: nn.linear_weight_grad {{.*}}nn.scope = "h.1.mlp"
// CHECK-NEXT: nn.linear_weight_grad {{.*}}nn.scope = "h.1.mlp"
// CHECK-NEXT: nn.linear_input_grad {{.*}}nn.scope = "h.1.attn"
