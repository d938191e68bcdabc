// REQUIRES: tpc-compile
// RUN: echo '{"gemm_flops_per_second": 1e12}' > %t.json && tpc-compile compile %models/mlp.mlir --hardware %t.json --stop-after plan | FileCheck %s
// RUN: echo '{"gemm_flops_per_second": 1e12, "name": "mine"}' > %t.json && tpc-compile compile %models/mlp.mlir --hardware %t.json --stop-after plan | FileCheck %s --check-prefix=NAMED

// What is changed has no longer the name of what it was.
// CHECK: hardware: {name: "cpu-2core-changed", gemm_flops_per_second: 1e+12}
// NAMED: hardware: {name: "mine", gemm_flops_per_second: 1e+12}
