// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.transpose comes back from its own, the generic and the binary form.

%t0_0 = "test.value"() : () -> tensor<2x3x4x5xf64>
// CHECK: nn.transpose %{{[^ ]+}} [0, 2, 1, 3] : (tensor<2x3x4x5xf64>) -> tensor<2x4x3x5xf64>
%r0 = nn.transpose %t0_0 [0, 2, 1, 3] : (tensor<2x3x4x5xf64>) -> tensor<2x4x3x5xf64>
%t1_0 = "test.value"() : () -> tensor<2x3x4x5xi32>
// CHECK: nn.transpose %{{[^ ]+}} [0, 2, 1, 3] : (tensor<2x3x4x5xi32>) -> tensor<2x4x3x5xi32>
%r1 = nn.transpose %t1_0 [0, 2, 1, 3] : (tensor<2x3x4x5xi32>) -> tensor<2x4x3x5xi32>
%t2_0 = "test.value"() : () -> tensor<2x3x4xf64>
// CHECK: nn.transpose %{{[^ ]+}} [2, 0, 1] : (tensor<2x3x4xf64>) -> tensor<4x2x3xf64>
%r2 = nn.transpose %t2_0 [2, 0, 1] : (tensor<2x3x4xf64>) -> tensor<4x2x3xf64>
