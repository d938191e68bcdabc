// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.linear_weight_grad comes back from its own, the generic and the binary form.

%l0_0, %l0_1 = "test.values"() : () -> (tensor<2x3x5xf64>, tensor<2x3x4xf64>)
// CHECK: nn.linear_weight_grad %{{[^ ]+}}, %{{[^ ]+}} : (tensor<2x3x5xf64>, tensor<2x3x4xf64>) -> tensor<5x4xf64>
%r0 = nn.linear_weight_grad %l0_0, %l0_1 : (tensor<2x3x5xf64>, tensor<2x3x4xf64>) -> tensor<5x4xf64>
