// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/gpt-2l.mlir --tp 3 -o %t.plan
// RUN: tpc inspect %t.plan | FileCheck %s
// RUN: tpc inspect %t.plan --view sharding | FileCheck %s --check-prefix=SHARDING

// The report names what is padded: the vocabulary, the heads, the positions.

// CHECK: padding       parameter wpe dim 0: 1024 stored as 1026
// CHECK: padding       parameter h.0.attn.q.weight dim 0: 8 stored as 9
// CHECK: padding       parameter h.0.attn.o.weight dim 1: 8 stored as 9
// CHECK: padding       parameter lm_head dim 0: 50257 stored as 50259
// CHECK: padding       state lm_head.v dim 0: 50257 stored as 50259
// SHARDING: h.0.attn.q.weight {{.*}}[{8:9 "tp", 32}, {}] {{.*}}96x256xf32
// SHARDING: lm_head {{.*}}[{50257:50259 "tp"}, {}] {{.*}}16753x256xf32
