// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.count_labels comes back from its own, the generic and the binary form.

%c0_0 = "test.value"() : () -> tensor<2x3xi32>
// CHECK: nn.count_labels %{{[^ ]+}} {global_shape = array<i64: 2, 3>, ignore_index = -1 : i64, wide} : (tensor<2x3xi32>) -> tensor<f64>
%r0 = nn.count_labels %c0_0 {global_shape = array<i64: 2, 3>, ignore_index = -1 : i64, wide} : (tensor<2x3xi32>) -> tensor<f64>
%c1_0 = "test.value"() : () -> tensor<5xi32>
// CHECK: nn.count_labels %{{[^ ]+}} {global_shape = array<i64: 5>, ignore_index = -1 : i64, wide} : (tensor<5xi32>) -> tensor<f64>
%r1 = nn.count_labels %c1_0 {global_shape = array<i64: 5>, ignore_index = -1 : i64, wide} : (tensor<5xi32>) -> tensor<f64>
