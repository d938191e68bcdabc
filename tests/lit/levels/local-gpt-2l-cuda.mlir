// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/gpt-2l.mlir --target cuda --tp 2 --stop-after local | FileCheck %s

// A rank's part of the vocabulary is 393 tiles of 64: 2 x 25152 = 50304. What the loss sums ignores the
// pads by itself, so the logits need no mask.

// CHECK: nn.entry @train
// CHECK: nn.linear {{.*}} -> tensor<1x7x25152xf32>
// CHECK-NOT: tp.mask
// CHECK: nn.ce_row_max {{.*}}classes = 50257 : i64
// CHECK: nn.linear_input_grad {{.*}}tensor<1x7x25152xf32>, tensor<25152x256xf32>
// CHECK: nn.linear_weight_grad {{.*}} -> tensor<25152x256xf32>
