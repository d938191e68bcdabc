// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.split_dim comes back from its own, the generic and the binary form.

%s0_0 = "test.value"() : () -> tensor<2x12x3xf64>
// CHECK: nn.split_dim %{{[^ ]+}} dim 1 minor 4 : (tensor<2x12x3xf64>) -> tensor<2x3x4x3xf64>
%r0 = nn.split_dim %s0_0 dim 1 minor 4 : (tensor<2x12x3xf64>) -> tensor<2x3x4x3xf64>
%s1_0 = "test.value"() : () -> tensor<2x12x3xi32>
// CHECK: nn.split_dim %{{[^ ]+}} dim 1 minor 4 : (tensor<2x12x3xi32>) -> tensor<2x3x4x3xi32>
%r1 = nn.split_dim %s1_0 dim 1 minor 4 : (tensor<2x12x3xi32>) -> tensor<2x3x4x3xi32>
%s2_0 = "test.value"() : () -> tensor<10xf64>
// CHECK: nn.split_dim %{{[^ ]+}} dim 0 minor 5 : (tensor<10xf64>) -> tensor<2x5xf64>
%r2 = nn.split_dim %s2_0 dim 0 minor 5 : (tensor<10xf64>) -> tensor<2x5xf64>
