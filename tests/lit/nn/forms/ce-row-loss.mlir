// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.ce_row_loss comes back from its own, the generic and the binary form.

%c0_0, %c0_1, %c0_2, %c0_3 = "test.values"() : () -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xi32>)
// CHECK: nn.ce_row_loss %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} labels %{{[^ ]+}} {classes = 7 : i64, ignore_index = -1 : i64, label_smoothing = 0.000000e+00 : f64} : (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> tensor<2x3xf64>
%r0 = nn.ce_row_loss %c0_0, %c0_1, %c0_2 labels %c0_3 {classes = 7 : i64, ignore_index = -1 : i64, label_smoothing = 0.0 : f64} : (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> tensor<2x3xf64>
%c1_0, %c1_1, %c1_2, %c1_3, %c1_4 = "test.values"() : () -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xi32>)
// CHECK: nn.ce_row_loss %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} smoothing %{{[^ ]+}} labels %{{[^ ]+}} {classes = 7 : i64, ignore_index = -1 : i64, label_smoothing = 1.000000e-01 : f64} : (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> tensor<2x3xf64>
%r1 = nn.ce_row_loss %c1_0, %c1_1, %c1_2 smoothing %c1_3 labels %c1_4 {classes = 7 : i64, ignore_index = -1 : i64, label_smoothing = 0.1 : f64} : (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> tensor<2x3xf64>
%c2_0, %c2_1, %c2_2, %c2_3 = "test.values"() : () -> (tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xi32>)
// CHECK: nn.ce_row_loss %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} labels %{{[^ ]+}} {classes = 10 : i64, ignore_index = -1 : i64, label_smoothing = 0.000000e+00 : f64} : (tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xi32>) -> tensor<5xf64>
%r2 = nn.ce_row_loss %c2_0, %c2_1, %c2_2 labels %c2_3 {classes = 10 : i64, ignore_index = -1 : i64, label_smoothing = 0.0 : f64} : (tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xi32>) -> tensor<5xf64>
%c3_0, %c3_1, %c3_2, %c3_3, %c3_4 = "test.values"() : () -> (tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xi32>)
// CHECK: nn.ce_row_loss %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} smoothing %{{[^ ]+}} labels %{{[^ ]+}} {classes = 10 : i64, ignore_index = -1 : i64, label_smoothing = 1.000000e-01 : f64} : (tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xi32>) -> tensor<5xf64>
%r3 = nn.ce_row_loss %c3_0, %c3_1, %c3_2 smoothing %c3_3 labels %c3_4 {classes = 10 : i64, ignore_index = -1 : i64, label_smoothing = 0.1 : f64} : (tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xi32>) -> tensor<5xf64>
