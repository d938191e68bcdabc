// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.ce_row_max comes back from its own, the generic and the binary form.

%c0_0 = "test.value"() : () -> tensor<2x3x7xf64>
// CHECK: nn.ce_row_max %{{[^ ]+}} {classes = 7 : i64} : (tensor<2x3x7xf64>) -> tensor<2x3xf64>
%r0 = nn.ce_row_max %c0_0 {classes = 7 : i64} : (tensor<2x3x7xf64>) -> tensor<2x3xf64>
%c1_0 = "test.value"() : () -> tensor<5x10xf64>
// CHECK: nn.ce_row_max %{{[^ ]+}} {classes = 10 : i64} : (tensor<5x10xf64>) -> tensor<5xf64>
%r1 = nn.ce_row_max %c1_0 {classes = 10 : i64} : (tensor<5x10xf64>) -> tensor<5xf64>
