// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.sum comes back from its own, the generic and the binary form.

%s0_0 = "test.value"() : () -> tensor<2x3x5xf64>
// CHECK: nn.sum %{{[^ ]+}} dims [0, 1] : (tensor<2x3x5xf64>) -> tensor<5xf64>
%r0 = nn.sum %s0_0 dims [0, 1] : (tensor<2x3x5xf64>) -> tensor<5xf64>
%s1_0 = "test.value"() : () -> tensor<2x3x5xf64>
// CHECK: nn.sum %{{[^ ]+}} dims [2] : (tensor<2x3x5xf64>) -> tensor<2x3xf64>
%r1 = nn.sum %s1_0 dims [2] : (tensor<2x3x5xf64>) -> tensor<2x3xf64>
%s2_0 = "test.value"() : () -> tensor<2x3x5xf64>
// CHECK: nn.sum %{{[^ ]+}} dims [0, 1, 2] : (tensor<2x3x5xf64>) -> tensor<f64>
%r2 = nn.sum %s2_0 dims [0, 1, 2] : (tensor<2x3x5xf64>) -> tensor<f64>
