// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/gpt-2l.mlir --target cuda --precision bf16 --stop-after sharded | FileCheck %s

// On a GPU the vocabulary is whole tiles of 64 at one rank, too, wherever it is a dim of a product; the
// positions, which no product has, and the features, which norms need whole, stay as they are.

// CHECK: nn.parameter @wpe : tensor<1024x256xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK: nn.parameter @lm_head : tensor<50257x256xf32, #tp.sharding<@mesh, [{50257:50304}, {}]>>
// CHECK: nn.linear {{.*}} -> tensor<1x7x50257x{{b?f[0-9]+}}, #tp.sharding<@mesh, [{}, {}, {50257:50304}]>>
// CHECK: nn.linear_weight_grad {{.*}} -> tensor<50257x256xf32, #tp.sharding<@mesh, [{50257:50304}, {}]>>
// CHECK: nn.write {{.*}} @lm_head {{.*}}tensor<50257x256xf32, #tp.sharding<@mesh, [{50257:50304}, {}]>>
