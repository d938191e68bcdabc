// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.layer_normalize_grad comes back from its own, the generic and the binary form.

%l0_0, %l0_1, %l0_2 = "test.values"() : () -> (tensor<2x3x5xf64>, tensor<2x3x5xf64>, tensor<2x3xf64>)
// CHECK: nn.layer_normalize_grad %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} : (tensor<2x3x5xf64>, tensor<2x3x5xf64>, tensor<2x3xf64>) -> tensor<2x3x5xf64>
%r0 = nn.layer_normalize_grad %l0_0, %l0_1, %l0_2 : (tensor<2x3x5xf64>, tensor<2x3x5xf64>, tensor<2x3xf64>) -> tensor<2x3x5xf64>
