// A Llama of 32 query heads that share two kv heads: on four ranks each one takes some query heads of both
// groups, and computes k and v itself. Beside the collectives of any transformer a layer has one, of what
// belongs to k and v together; the entry that only runs forward has none.
// RUN: sed -e "s/count 30/count 2/; s/x9x64x/x32x18x/g; s/x3x64x/x2x18x/g; s/minor 64/minor 18/; s/x192x/x36x/g; s/tensor<192x/tensor<36x/g" %models/llama-mini.mlir > %t.mlir
// RUN: tpc-compile compile %t.mlir --tp 4 --dim B=2 --dim T=32 --stop-after scheduled > %t.scheduled
// RUN: FileCheck %s < %t.scheduled
// RUN: FileCheck %s --check-prefix=WEIGHTS < %t.scheduled

// WEIGHTS: nn.parameter @layers.0.attn.q.weight : tensor<576x576xf32, #tp.sharding<@mesh, [{2, 288 "tp"}, {}]>>
// WEIGHTS: nn.parameter @layers.0.attn.k.weight : tensor<36x576xf32, #tp.sharding<@mesh, [{}, {}]>>
// WEIGHTS: nn.parameter @layers.0.attn.o.weight : tensor<576x576xf32, #tp.sharding<@mesh, [{}, {2, 288 "tp"}]>>

// CHECK: nn.entry @loss
// CHECK-COUNT-5: tp.all_reduce sum %{{[^,]+}} on
// CHECK: tp.all_reduce max
// CHECK: tp.all_reduce sum %{{[^,]+}}, %{{[^,]+}} on
// CHECK-NOT: tp.all_
// CHECK: nn.entry @train
// CHECK-COUNT-5: tp.all_reduce sum %{{[^,]+}} on
// CHECK: tp.all_reduce max
// CHECK: tp.all_reduce sum %{{[^,]+}}, %{{[^,]+}} on {{.*}} nn.scope = "loss"
// CHECK: tp.all_reduce sum %{{[^,]+}} on {{.*}} nn.scope = "head"
// CHECK: tp.all_reduce sum %{{[^,]+}} on {{.*}} nn.scope = "layers.1.mlp"
// CHECK: tp.all_reduce sum %{{[^,]+}}, %{{[^,]+}} on {{.*}} nn.scope = "layers.1.attn"
// CHECK: tp.all_reduce sum %{{[^,]+}} on {{.*}} nn.scope = "layers.1.attn"
// CHECK: tp.all_reduce sum %{{[^,]+}} on {{.*}} nn.scope = "layers.0.mlp"
// CHECK: tp.all_reduce sum %{{[^,]+}}, %{{[^,]+}} on {{.*}} nn.scope = "layers.0.attn"
// CHECK: tp.all_reduce sum %{{[^,]+}} on {{.*}} nn.scope = "layers.0.attn"
// CHECK: tp.all_reduce sum %{{[^,]+}} on {{.*}}nn.phase = "update"
// CHECK-NOT: tp.all_
