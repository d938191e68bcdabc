// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/gpt-2l.mlir --target cuda --tp 2 --precision bf16 --stop-after scheduled | FileCheck %s

// Each kernel widens the logits for itself, so that they are stored in bfloat16 alone, and their gradient
// takes their place.

// CHECK: nn.entry @train
// CHECK: nn.kernel "cast+ce_row_max" (%{{.+}} : tensor<1x7x25152xbf16>{{.*}} -> (tensor<1x7xf32>) attributes
// CHECK: nn.kernel "cast+ce_row_sums" (%{{.+}} : tensor<1x7x25152xbf16>{{.*}} -> (tensor<1x7xf32>, tensor<1x7xf32>) attributes
// CHECK: nn.kernel {{.*}}+cast+ce_row_sums_grad{{.*}} -> (tensor<1x7x25152xbf16>) attributes {in_place = array<i64: 0, 4>
