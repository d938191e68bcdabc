// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: tpc inspect %t.plan --view sharding | FileCheck %s

// Where each parameter, state, input and output is held

// CHECK: mesh tp=2
// CHECK: parameter {{ *}}fc1 {{ *}}128x128xf32  [{"tp"}, {}]  64x128xf32  32768
// CHECK-NEXT: parameter {{ *}}fc2 {{ *}}128x128xf32  [{}, {"tp"}]  128x64xf32  32768
// CHECK-NEXT: state {{ *}}fc1.m {{.*}}[{"tp"}, {}]
// CHECK: state {{ *}}fc2.v {{.*}}[{}, {"tp"}]
// CHECK: loss output {{ *}}y {{ *}}8x128xf32    [{}, {}]
