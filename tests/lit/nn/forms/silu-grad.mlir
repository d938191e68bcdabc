// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.silu_grad comes back from its own, the generic and the binary form.

%s0_0, %s0_1 = "test.values"() : () -> (tensor<2x3x5xf64>, tensor<2x3x5xf64>)
// CHECK: nn.silu_grad %{{[^ ]+}}, %{{[^ ]+}} : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%r0 = nn.silu_grad %s0_0, %s0_1 : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
