// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/llama-mini.mlir --tp 2 --dim B=1 --dim T=16 --precision bf16 --shard 'layers.*.attn.*.weight=[{}, {tp}]' -o %t.plan
// RUN: tpc inspect %t.plan --view sharding | FileCheck %s --check-prefix=HELD
// RUN: tpc inspect %t.plan --view collectives | FileCheck %s

// A constraint that has splits move to another factor of their dim: 9 query heads are split, or 3 groups of them.

// HELD: layers.0.attn.q.weight {{ *}}576x576xf32 {{ *}}[{}, {"tp"}]
// CHECK: all_gather  tp
