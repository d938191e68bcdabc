// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.gelu comes back from its own, the generic and the binary form.

%g0_0 = "test.value"() : () -> tensor<2x3x5xf64>
// CHECK: nn.gelu %{{[^ ]+}} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%r0 = nn.gelu %g0_0 : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%g1_0 = "test.value"() : () -> tensor<2x3x5xf64>
// CHECK: nn.gelu %{{[^ ]+}} {tanh} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%r1 = nn.gelu %g1_0 {tanh} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
