// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.slice comes back from its own, the generic and the binary form.

%s0_0 = "test.value"() : () -> tensor<4x6x3xf64>
// CHECK: nn.slice %{{[^ ]+}} dim 1 start 2 size 3 : (tensor<4x6x3xf64>) -> tensor<4x3x3xf64>
%r0 = nn.slice %s0_0 dim 1 start 2 size 3 : (tensor<4x6x3xf64>) -> tensor<4x3x3xf64>
%s1_0 = "test.value"() : () -> tensor<4x6x3xi32>
// CHECK: nn.slice %{{[^ ]+}} dim 1 start 2 size 3 : (tensor<4x6x3xi32>) -> tensor<4x3x3xi32>
%r1 = nn.slice %s1_0 dim 1 start 2 size 3 : (tensor<4x6x3xi32>) -> tensor<4x3x3xi32>
