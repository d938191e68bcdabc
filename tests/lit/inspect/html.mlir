// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/gpt-2l.mlir --tp 2 -o %t.plan
// RUN: tpc inspect %t.plan --format html | FileCheck %s
// RUN: tpc inspect %models/gpt-2l.mlir --format html | FileCheck %s --check-prefix=MODEL
// RUN: not tpc inspect %models/gpt-2l.mlir --format html --view sharding 2>&1 | FileCheck %s --check-prefix=VIEW

// All views as one page, with the sharding of every parameter and why each collective is there

// CHECK: <h1>gpt_2l on tp=2</h1>
// CHECK: <section id="sharding">
// CHECK: <td>h.0.mlp.fc.weight</td>{{.*}}<td>[{&quot;tp&quot;}, {}]</td>
// CHECK: <section id="collectives">
// CHECK: <td>all_reduce</td>{{.*}}<td class="prose">{{.*}}takes operand
// CHECK: <section id="memory">
// CHECK: Memory of a rank during train
// CHECK: <rect {{.*}}<title>lm_head
// CHECK: <section id="cost">
// CHECK: Predicted time of train on one rank
// CHECK: <section id="instructions">

// MODEL: <h1>gpt_2l</h1>
// MODEL: <dt>dim</dt><dd>T = 7</dd>
// MODEL: <td>h.1.mlp.proj.weight</td><td>tensor&lt;256x1024xf32&gt;</td>

// VIEW: error: --view has no effect with --format html
// VIEW-NEXT: hint: leave it out: the page has all views
