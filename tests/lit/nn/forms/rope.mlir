// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.rope comes back from its own, the generic and the binary form.

%r0_0 = "test.value"() : () -> tensor<2x3x4x6xf64>
// CHECK: nn.rope %{{[^ ]+}} : (tensor<2x3x4x6xf64>) -> tensor<2x3x4x6xf64>
%r0 = nn.rope %r0_0 : (tensor<2x3x4x6xf64>) -> tensor<2x3x4x6xf64>
%r1_0 = "test.value"() : () -> tensor<2x3x4x6xf64>
// CHECK: nn.rope %{{[^ ]+}} {inverse, theta = 1.000000e+02 : f64} : (tensor<2x3x4x6xf64>) -> tensor<2x3x4x6xf64>
%r1 = nn.rope %r1_0 {inverse, theta = 100.0 : f64} : (tensor<2x3x4x6xf64>) -> tensor<2x3x4x6xf64>
