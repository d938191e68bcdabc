// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.concat comes back from its own, the generic and the binary form.

%c0_0, %c0_1 = "test.values"() : () -> (tensor<4x2x3xf64>, tensor<4x3x3xf64>)
// CHECK: nn.concat %{{[^ ]+}}, %{{[^ ]+}} dim 1 : (tensor<4x2x3xf64>, tensor<4x3x3xf64>) -> tensor<4x5x3xf64>
%r0 = nn.concat %c0_0, %c0_1 dim 1 : (tensor<4x2x3xf64>, tensor<4x3x3xf64>) -> tensor<4x5x3xf64>
%c1_0, %c1_1 = "test.values"() : () -> (tensor<4x2x3xi32>, tensor<4x3x3xi32>)
// CHECK: nn.concat %{{[^ ]+}}, %{{[^ ]+}} dim 1 : (tensor<4x2x3xi32>, tensor<4x3x3xi32>) -> tensor<4x5x3xi32>
%r1 = nn.concat %c1_0, %c1_1 dim 1 : (tensor<4x2x3xi32>, tensor<4x3x3xi32>) -> tensor<4x5x3xi32>
%c2_0, %c2_1, %c2_2 = "test.values"() : () -> (tensor<1x5xf64>, tensor<2x5xf64>, tensor<1x5xf64>)
// CHECK: nn.concat %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} dim 0 : (tensor<1x5xf64>, tensor<2x5xf64>, tensor<1x5xf64>) -> tensor<4x5xf64>
%r2 = nn.concat %c2_0, %c2_1, %c2_2 dim 0 : (tensor<1x5xf64>, tensor<2x5xf64>, tensor<1x5xf64>) -> tensor<4x5xf64>
