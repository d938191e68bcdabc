// REQUIRES: tpc-compile
// Every option says its default.
// RUN: tpc-compile compile --help | grep -c -- '^  -' > %t.options
// RUN: tpc-compile compile --help | grep -c 'default: ' > %t.defaults
// RUN: diff %t.options %t.defaults
// RUN: tpc-compile inspect --help | FileCheck %s --check-prefix=INSPECT
// RUN: tpc-compile inspect %models/gpt-2l.mlir | FileCheck %s --check-prefix=MODEL
// RUN: tpc-compile inspect %models/gpt-2l.mlir --view sharding --format json | FileCheck %s --check-prefix=JSON

// INSPECT: --view {{.*}}(default: summary)
// MODEL: model       gpt_2l
// MODEL: dim         T = 7
// MODEL: entry       train (trains loss)
// MODEL: tie         wte
// JSON: "name":"h.1.mlp.proj.weight","type":"tensor<256x1024xf32>"
