// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/gpt2-124m.mlir --tp 2 --stop-after sharded > %t
// RUN: tpc-opt %t --tpc-verify-sharded -o %t.again
// RUN: grep -c tp.reshard %t | FileCheck %s --check-prefix=COUNT
// COUNT: 82
// RUN: grep -E 'nn\.(parameter|input|state) |nn\.entry|tp\.reshard' %t | grep -vE '"?@?h\.([1-9]|1[0-9])\b' | FileCheck %s

// What gpt2-124m holds where, and every change of a placement, on two ranks: of the layers, the first.

// CHECK: nn.input @tokens : tensor<4x64xi32, #tp.sharding<@mesh, [{}, {}]>>{{.*}}
// CHECK-NEXT: nn.input @labels : tensor<4x64xi32, #tp.sharding<@mesh, [{}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @wte : tensor<50257x768xf32, #tp.sharding<@mesh, [{50257:50258 "tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @wpe : tensor<1024x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.ln_1.weight : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.ln_1.bias : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.q.weight : tensor<768x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.q.bias : tensor<768xf32, #tp.sharding<@mesh, [{"tp"}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.k.weight : tensor<768x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.k.bias : tensor<768xf32, #tp.sharding<@mesh, [{"tp"}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.v.weight : tensor<768x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.v.bias : tensor<768xf32, #tp.sharding<@mesh, [{"tp"}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.o.weight : tensor<768x768xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.attn.o.bias : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.ln_2.weight : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.ln_2.bias : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.mlp.fc.weight : tensor<3072x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.mlp.fc.bias : tensor<3072xf32, #tp.sharding<@mesh, [{"tp"}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.mlp.proj.weight : tensor<768x3072xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.parameter @h.0.mlp.proj.bias : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.parameter @ln_f.weight : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.parameter @ln_f.bias : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.entry @loss outputs ["loss"] {
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0.attn nn.layer_normalize takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "embed"} : tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0.attn nn.add takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.attn"} : tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0.mlp nn.add takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.mlp"} : tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "loss nn.ce_row_sums takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : tensor<4x64xf32, #tp.sharding<@mesh, [{}, {}], partial = {max "tp"}>> -> tensor<4x64xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "loss nn.ce_row_loss takes operand 2 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : tensor<4x64xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<4x64xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "loss nn.ce_row_loss takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : tensor<4x64xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<4x64xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK-NEXT: nn.state @wte.m : tensor<50257x768xf32, #tp.sharding<@mesh, [{50257:50258 "tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @wte.v : tensor<50257x768xf32, #tp.sharding<@mesh, [{50257:50258 "tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @wpe.m : tensor<1024x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @wpe.v : tensor<1024x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.ln_1.weight.m : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.ln_1.weight.v : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.ln_1.bias.m : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.ln_1.bias.v : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.q.weight.m : tensor<768x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.q.weight.v : tensor<768x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.q.bias.m : tensor<768xf32, #tp.sharding<@mesh, [{"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.q.bias.v : tensor<768xf32, #tp.sharding<@mesh, [{"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.k.weight.m : tensor<768x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.k.weight.v : tensor<768x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.k.bias.m : tensor<768xf32, #tp.sharding<@mesh, [{"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.k.bias.v : tensor<768xf32, #tp.sharding<@mesh, [{"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.v.weight.m : tensor<768x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.v.weight.v : tensor<768x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.v.bias.m : tensor<768xf32, #tp.sharding<@mesh, [{"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.v.bias.v : tensor<768xf32, #tp.sharding<@mesh, [{"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.o.weight.m : tensor<768x768xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.o.weight.v : tensor<768x768xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.o.bias.m : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.attn.o.bias.v : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.ln_2.weight.m : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.ln_2.weight.v : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.ln_2.bias.m : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.ln_2.bias.v : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.mlp.fc.weight.m : tensor<3072x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.mlp.fc.weight.v : tensor<3072x768xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.mlp.fc.bias.m : tensor<3072xf32, #tp.sharding<@mesh, [{"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.mlp.fc.bias.v : tensor<3072xf32, #tp.sharding<@mesh, [{"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.mlp.proj.weight.m : tensor<768x3072xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.mlp.proj.weight.v : tensor<768x3072xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.mlp.proj.bias.m : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @h.0.mlp.proj.bias.v : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @ln_f.weight.m : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @ln_f.weight.v : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @ln_f.bias.m : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.state @ln_f.bias.v : tensor<768xf32, #tp.sharding<@mesh, [{}]>>{{.*}}
// CHECK-NEXT: nn.entry @train outputs ["loss", "grad_norm"] {
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0.attn nn.layer_normalize takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "embed"} : tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0.attn nn.add takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.attn"} : tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0.mlp nn.add takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "h.0.mlp"} : tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "loss nn.ce_row_sums takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : tensor<4x64xf32, #tp.sharding<@mesh, [{}, {}], partial = {max "tp"}>> -> tensor<4x64xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "loss nn.ce_row_loss takes operand 2 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : tensor<4x64xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<4x64xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "loss nn.ce_row_loss takes operand 1 replicated on tp{{.*}}" {nn.phase = "forward", nn.scope = "loss"} : tensor<4x64xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<4x64xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "head nn.sum takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "head"} : tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0.mlp nn.sum takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.mlp"} : tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "h.0.attn nn.sum takes operand 0 replicated on tp{{.*}}" {nn.phase = "backward", nn.scope = "h.0.attn"} : tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>> -> tensor<4x64x768xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "nn.add takes operand 0 replicated on tp{{.*}}" {nn.phase = "update"} : tensor<f32, #tp.sharding<@mesh, [], partial = {"tp"}>> -> tensor<f32, #tp.sharding<@mesh, []>>
// CHECK-NOT: {{.}}
