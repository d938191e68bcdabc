// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.ce_row_sums comes back from its own, the generic and the binary form.

%c0_0, %c0_1, %c0_2 = "test.values"() : () -> (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>)
// CHECK: nn.ce_row_sums %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {classes = 7 : i64} : (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> (tensor<2x3xf64>, tensor<2x3xf64>)
%r0:2 = nn.ce_row_sums %c0_0, %c0_1, %c0_2 {classes = 7 : i64} : (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> (tensor<2x3xf64>, tensor<2x3xf64>)
%c1_0, %c1_1, %c1_2 = "test.values"() : () -> (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>)
// CHECK: nn.ce_row_sums %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {classes = 7 : i64, smoothing} : (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>)
%r1:3 = nn.ce_row_sums %c1_0, %c1_1, %c1_2 {classes = 7 : i64, smoothing} : (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>)
%c2_0, %c2_1, %c2_2 = "test.values"() : () -> (tensor<5x10xf64>, tensor<5xf64>, tensor<5xi32>)
// CHECK: nn.ce_row_sums %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {classes = 10 : i64} : (tensor<5x10xf64>, tensor<5xf64>, tensor<5xi32>) -> (tensor<5xf64>, tensor<5xf64>)
%r2:2 = nn.ce_row_sums %c2_0, %c2_1, %c2_2 {classes = 10 : i64} : (tensor<5x10xf64>, tensor<5xf64>, tensor<5xi32>) -> (tensor<5xf64>, tensor<5xf64>)
%c3_0, %c3_1, %c3_2 = "test.values"() : () -> (tensor<5x10xf64>, tensor<5xf64>, tensor<5xi32>)
// CHECK: nn.ce_row_sums %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {classes = 10 : i64, smoothing} : (tensor<5x10xf64>, tensor<5xf64>, tensor<5xi32>) -> (tensor<5xf64>, tensor<5xf64>, tensor<5xf64>)
%r3:3 = nn.ce_row_sums %c3_0, %c3_1, %c3_2 {classes = 10 : i64, smoothing} : (tensor<5x10xf64>, tensor<5xf64>, tensor<5xi32>) -> (tensor<5xf64>, tensor<5xf64>, tensor<5xf64>)
