// REQUIRES: tpc, tpc-compile
// RUN: rm -rf %t && mkdir %t && cp %models/mlp.mlir %t/model.mlir && echo '{"name": "here"}' > %t/here.json
// RUN: not tpc compile %t/model.mlir -o %t/model.mlir 2>&1 | FileCheck %s
// RUN: not tpc compile %t/model.mlir -o %t/../%basename_t.tmp/model.mlir 2>&1 | FileCheck %s
// RUN: not tpc compile %t/model.mlir --hardware %t/here.json -o %t/here.json 2>&1 | FileCheck %s --check-prefix=HARDWARE
// RUN: not tpc compile %t/model.mlir --dump-to %t 2>&1 | FileCheck %s --check-prefix=DUMP
// RUN: not tpc compile %t/model.mlir --dump-to %t/new -o %t/new/../new/plan.txt 2>&1 | FileCheck %s --check-prefix=BOTH
// RUN: cmp %models/mlp.mlir %t/model.mlir

// What is written never replaces what was read, nor anything else that is written.

// CHECK: error: -o would overwrite '{{.*}}model.mlir', which is the model
// CHECK-NEXT: hint: name another place
// HARDWARE: error: -o would overwrite '{{.*}}here.json', which is the file of --hardware
// DUMP: error: --dump-to would overwrite '{{.*}}model.mlir', which is the model
// BOTH: error: --dump-to would overwrite '{{.*}}plan.txt', which is what -o writes
