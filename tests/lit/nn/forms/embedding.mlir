// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.embedding comes back from its own, the generic and the binary form.

%e0_0, %e0_1 = "test.values"() : () -> (tensor<2x3xi32>, tensor<7x4xf64>)
// CHECK: nn.embedding %{{[^ ]+}}, %{{[^ ]+}} : (tensor<2x3xi32>, tensor<7x4xf64>) -> tensor<2x3x4xf64>
%r0 = nn.embedding %e0_0, %e0_1 : (tensor<2x3xi32>, tensor<7x4xf64>) -> tensor<2x3x4xf64>
