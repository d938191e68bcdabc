// REQUIRES: tpc-compile
// Every option that takes a value says its default.
// RUN: tpc-compile compile --help | grep -E '^  -[a-z-]+ [^ ]' > %t.options
// RUN: grep -c . %t.options > %t.all && grep -c 'default: ' %t.options > %t.defaults && diff %t.all %t.defaults
// RUN: tpc-compile verify --help | grep -E '^  -[a-z-]+ [^ ]' > %t.options
// RUN: grep -c . %t.options > %t.all && grep -c 'default: ' %t.options > %t.defaults && diff %t.all %t.defaults
// RUN: tpc-compile inspect --help | grep -E '^  -[a-z-]+ [^ ]' > %t.options
// RUN: grep -c . %t.options > %t.all && grep -c 'default: ' %t.options > %t.defaults && diff %t.all %t.defaults
// RUN: tpc-compile import --help | grep -E '^  -[a-z-]+ [^ ]' > %t.options
// RUN: grep -c . %t.options > %t.all && grep -c 'default: ' %t.options > %t.defaults && diff %t.all %t.defaults
// RUN: tpc-compile inspect --help | FileCheck %s --check-prefix=INSPECT
// RUN: tpc-compile inspect %models/gpt-2l.mlir | FileCheck %s --check-prefix=MODEL
// RUN: tpc-compile inspect %models/gpt-2l.mlir --view sharding --format json | FileCheck %s --check-prefix=JSON

// The levels that --stop-after takes are those of the pipeline.
// RUN: tpc-compile compile --help | FileCheck %s --check-prefix=LEVELS
// LEVELS: --stop-after model|grad|sharded|local|fused|scheduled|plan

// INSPECT: --view {{.*}}(default: summary)
// MODEL: model       gpt_2l
// MODEL: dim         T = 7
// MODEL: entry       train (trains loss)
// MODEL: tie         wte
// JSON: "name":"h.1.mlp.proj.weight","type":"tensor<256x1024xf32>"
