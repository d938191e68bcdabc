// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.dropout comes back from its own, the generic and the binary form.

%d0_0, %d0_1, %d0_2 = "test.values"() : () -> (tensor<2x3x5xf64>, tensor<i32>, tensor<i32>)
// CHECK: nn.dropout %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {global_shape = array<i64: 2, 3, 5>, p = 3.000000e-01 : f64, stream = "h.0.drop"} : (tensor<2x3x5xf64>, tensor<i32>, tensor<i32>) -> tensor<2x3x5xf64>
%r0 = nn.dropout %d0_0, %d0_1, %d0_2 {global_shape = array<i64: 2, 3, 5>, p = 0.3 : f64, stream = "h.0.drop"} : (tensor<2x3x5xf64>, tensor<i32>, tensor<i32>) -> tensor<2x3x5xf64>
%d1_0, %d1_1, %d1_2 = "test.values"() : () -> (tensor<7xf64>, tensor<i32>, tensor<i32>)
// CHECK: nn.dropout %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {global_shape = array<i64: 7>, p = 3.000000e-01 : f64, stream = "h.0.drop"} : (tensor<7xf64>, tensor<i32>, tensor<i32>) -> tensor<7xf64>
%r1 = nn.dropout %d1_0, %d1_1, %d1_2 {global_shape = array<i64: 7>, p = 0.3 : f64, stream = "h.0.drop"} : (tensor<7xf64>, tensor<i32>, tensor<i32>) -> tensor<7xf64>
%d2_0, %d2_1, %d2_2 = "test.values"() : () -> (tensor<4x6xf64>, tensor<i32>, tensor<i32>)
// CHECK: nn.dropout %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {global_shape = array<i64: 4, 6>, p = 3.000000e-01 : f64, stream = "h.0.drop"} : (tensor<4x6xf64>, tensor<i32>, tensor<i32>) -> tensor<4x6xf64>
%r2 = nn.dropout %d2_0, %d2_1, %d2_2 {global_shape = array<i64: 4, 6>, p = 0.3 : f64, stream = "h.0.drop"} : (tensor<4x6xf64>, tensor<i32>, tensor<i32>) -> tensor<4x6xf64>
