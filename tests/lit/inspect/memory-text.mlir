// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir --tp 2 -o %t.plan
// RUN: tpc inspect %t.plan --view memory | FileCheck %s

// What a rank allocates, by arena, and the largest buffers of each

// CHECK: per rank
// CHECK: parameters {{ *}}65536   64.0 KiB        2
// CHECK: gradients
// CHECK: optimizer {{ *}}131072  128.0 KiB        4
// CHECK: all 
// CHECK: largest of parameters
// CHECK: 0  32768  64x128xf32  fc1
// CHECK-NEXT: 32768  32768  128x64xf32  fc2
