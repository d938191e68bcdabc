// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/gpt-2l.mlir --tp 2 --stop-after sharded > %t
// RUN: tpc-opt %t --tpc-verify-sharded -o %t.again
// RUN: grep -c tp.reshard %t | FileCheck %s --check-prefix=COUNT
// COUNT: 21
// RUN: grep -E 'nn\.(parameter|input|state) |nn\.entry|tp\.reshard' %t | grep -vE '"?@?h\.([1-9]|1[0-9])\b' | FileCheck %s

// What gpt-2l holds where, and every change of a placement, on two ranks: of the layers, the first.

// CHECK: nn.input @tokens : tensor<1x7xi32, #tp.sharding<@mesh, [{}, {}]>>{{.*}}
// CHECK-NEXT: nn.input @labels : tensor<1x7xi32, #tp.sharding<@mesh, [{}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @wpe : tensor<1024x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.ln_1.weight : tensor<256xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.q.weight : tensor<256x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.k.weight : tensor<256x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.v.weight : tensor<256x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.o.weight : tensor<256x256xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.ln_2.weight : tensor<256xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.mlp.fc.weight : tensor<1024x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.mlp.proj.weight : tensor<256x1024xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.parameter @ln_f.weight : tensor<256xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.parameter @lm_head : tensor<50257x256xf32, #tp.sharding<@mesh, [{50257:50258 "tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.entry @loss outputs ["loss"] {
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0.attn nn.layer_normalize takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "embed"} : tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0 nn.add takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.attn"} : tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0 nn.add takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.mlp"} : tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "loss nn.ce_row_sums takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : tensor<1x7xf32, #tp.sharding<@mesh, [{}, {}], partial = {max "tp"}>> -> tensor<1x7xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "loss nn.ce_row_loss takes operand 2 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : tensor<1x7xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<1x7xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "loss nn.ce_row_loss takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : tensor<1x7xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<1x7xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK-NEXT: nn.state @wpe.m : tensor<1024x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @wpe.v : tensor<1024x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.ln_1.weight.m : tensor<256xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.ln_1.weight.v : tensor<256xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.q.weight.m : tensor<256x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.q.weight.v : tensor<256x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.k.weight.m : tensor<256x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.k.weight.v : tensor<256x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.v.weight.m : tensor<256x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.v.weight.v : tensor<256x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.o.weight.m : tensor<256x256xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.o.weight.v : tensor<256x256xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.ln_2.weight.m : tensor<256xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.ln_2.weight.v : tensor<256xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.mlp.fc.weight.m : tensor<1024x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.mlp.fc.weight.v : tensor<1024x256xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.mlp.proj.weight.m : tensor<256x1024xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.mlp.proj.weight.v : tensor<256x1024xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @ln_f.weight.m : tensor<256xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @ln_f.weight.v : tensor<256xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @lm_head.m : tensor<50257x256xf32, #tp.sharding<@mesh, [{50257:50258 "tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @lm_head.v : tensor<50257x256xf32, #tp.sharding<@mesh, [{50257:50258 "tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.entry @train outputs ["loss"] {
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0.attn nn.layer_normalize takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "embed"} : tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0 nn.add takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.attn"} : tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0 nn.add takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.mlp"} : tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "loss nn.ce_row_sums takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : tensor<1x7xf32, #tp.sharding<@mesh, [{}, {}], partial = {max "tp"}>> -> tensor<1x7xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "loss nn.ce_row_loss takes operand 2 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : tensor<1x7xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<1x7xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "loss nn.ce_row_loss takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : tensor<1x7xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<1x7xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "head nn.mul takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "head"} : tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0.mlp nn.mul takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.mlp"} : tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0.attn nn.mul takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.attn"} : tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<1x7x256xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NOT: {{.}}
