// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.add comes back from its own, the generic and the binary form.

%a0_0, %a0_1 = "test.values"() : () -> (tensor<2x3x5xf64>, tensor<2x3x5xf64>)
// CHECK: nn.add %{{[^ ]+}}, %{{[^ ]+}} : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%r0 = nn.add %a0_0, %a0_1 : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%a1_0, %a1_1, %a1_2 = "test.values"() : () -> (tensor<2x3x5xf64>, tensor<2x3x5xf64>, tensor<2x3x5xf64>)
// CHECK: nn.add %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} : (tensor<2x3x5xf64>, tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%r1 = nn.add %a1_0, %a1_1, %a1_2 : (tensor<2x3x5xf64>, tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
