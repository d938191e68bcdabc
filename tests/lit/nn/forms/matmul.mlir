// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.matmul comes back from its own, the generic and the binary form.

%m0_0, %m0_1 = "test.values"() : () -> (tensor<2x3x4x5xf64>, tensor<2x3x5x6xf64>)
// CHECK: nn.matmul %{{[^ ]+}}, %{{[^ ]+}} : (tensor<2x3x4x5xf64>, tensor<2x3x5x6xf64>) -> tensor<2x3x4x6xf64>
%r0 = nn.matmul %m0_0, %m0_1 : (tensor<2x3x4x5xf64>, tensor<2x3x5x6xf64>) -> tensor<2x3x4x6xf64>
%m1_0, %m1_1 = "test.values"() : () -> (tensor<2x3x4x5xf64>, tensor<2x3x6x5xf64>)
// CHECK: nn.matmul %{{[^ ]+}}, %{{[^ ]+}} {transpose_b} : (tensor<2x3x4x5xf64>, tensor<2x3x6x5xf64>) -> tensor<2x3x4x6xf64>
%r1 = nn.matmul %m1_0, %m1_1 {transpose_b} : (tensor<2x3x4x5xf64>, tensor<2x3x6x5xf64>) -> tensor<2x3x4x6xf64>
%m2_0, %m2_1 = "test.values"() : () -> (tensor<2x3x5x4xf64>, tensor<2x3x5x6xf64>)
// CHECK: nn.matmul %{{[^ ]+}}, %{{[^ ]+}} {transpose_a} : (tensor<2x3x5x4xf64>, tensor<2x3x5x6xf64>) -> tensor<2x3x4x6xf64>
%r2 = nn.matmul %m2_0, %m2_1 {transpose_a} : (tensor<2x3x5x4xf64>, tensor<2x3x5x6xf64>) -> tensor<2x3x4x6xf64>
%m3_0, %m3_1 = "test.values"() : () -> (tensor<2x3x5x4xf64>, tensor<2x3x6x5xf64>)
// CHECK: nn.matmul %{{[^ ]+}}, %{{[^ ]+}} {transpose_a, transpose_b} : (tensor<2x3x5x4xf64>, tensor<2x3x6x5xf64>) -> tensor<2x3x4x6xf64>
%r3 = nn.matmul %m3_0, %m3_1 {transpose_a, transpose_b} : (tensor<2x3x5x4xf64>, tensor<2x3x6x5xf64>) -> tensor<2x3x4x6xf64>
