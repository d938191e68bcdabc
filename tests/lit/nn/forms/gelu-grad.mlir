// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.gelu_grad comes back from its own, the generic and the binary form.

%g0_0, %g0_1 = "test.values"() : () -> (tensor<2x3x5xf64>, tensor<2x3x5xf64>)
// CHECK: nn.gelu_grad %{{[^ ]+}}, %{{[^ ]+}} : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%r0 = nn.gelu_grad %g0_0, %g0_1 : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%g1_0, %g1_1 = "test.values"() : () -> (tensor<2x3x5xf64>, tensor<2x3x5xf64>)
// CHECK: nn.gelu_grad %{{[^ ]+}}, %{{[^ ]+}} {tanh} : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%r1 = nn.gelu_grad %g1_0, %g1_1 {tanh} : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
