// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.ce_row_sums_grad comes back from its own, the generic and the binary form.

%c0_0, %c0_1, %c0_2, %c0_3, %c0_4 = "test.values"() : () -> (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>, tensor<2x3xf64>, tensor<2x3xf64>)
// CHECK: nn.ce_row_sums_grad %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {classes = 7 : i64} : (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>, tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3x7xf64>
%r0 = nn.ce_row_sums_grad %c0_0, %c0_1, %c0_2, %c0_3, %c0_4 {classes = 7 : i64} : (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>, tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3x7xf64>
%c1_0, %c1_1, %c1_2, %c1_3, %c1_4, %c1_5 = "test.values"() : () -> (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>)
// CHECK: nn.ce_row_sums_grad %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} smoothing %{{[^ ]+}} {classes = 7 : i64} : (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3x7xf64>
%r1 = nn.ce_row_sums_grad %c1_0, %c1_1, %c1_2, %c1_3, %c1_4 smoothing %c1_5 {classes = 7 : i64} : (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3x7xf64>
%c2_0, %c2_1, %c2_2, %c2_3, %c2_4 = "test.values"() : () -> (tensor<5x10xf64>, tensor<5xf64>, tensor<5xi32>, tensor<5xf64>, tensor<5xf64>)
// CHECK: nn.ce_row_sums_grad %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {classes = 10 : i64} : (tensor<5x10xf64>, tensor<5xf64>, tensor<5xi32>, tensor<5xf64>, tensor<5xf64>) -> tensor<5x10xf64>
%r2 = nn.ce_row_sums_grad %c2_0, %c2_1, %c2_2, %c2_3, %c2_4 {classes = 10 : i64} : (tensor<5x10xf64>, tensor<5xf64>, tensor<5xi32>, tensor<5xf64>, tensor<5xf64>) -> tensor<5x10xf64>
%c3_0, %c3_1, %c3_2, %c3_3, %c3_4, %c3_5 = "test.values"() : () -> (tensor<5x10xf64>, tensor<5xf64>, tensor<5xi32>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>)
// CHECK: nn.ce_row_sums_grad %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} smoothing %{{[^ ]+}} {classes = 10 : i64} : (tensor<5x10xf64>, tensor<5xf64>, tensor<5xi32>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>) -> tensor<5x10xf64>
%r3 = nn.ce_row_sums_grad %c3_0, %c3_1, %c3_2, %c3_3, %c3_4 smoothing %c3_5 {classes = 10 : i64} : (tensor<5x10xf64>, tensor<5xf64>, tensor<5xi32>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>) -> tensor<5x10xf64>
