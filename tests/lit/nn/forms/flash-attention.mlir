// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.flash_attention comes back from its own, the generic and the binary form.

%f0_0, %f0_1, %f0_2 = "test.values"() : () -> (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>)
// CHECK: nn.flash_attention %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {causal = true, scale = 0.69999999999999996 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x4x3xf64>)
%r0:2 = nn.flash_attention %f0_0, %f0_1, %f0_2 {causal = true, scale = 0.7 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x4x3xf64>)
%f1_0, %f1_1, %f1_2 = "test.values"() : () -> (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>)
// CHECK: nn.flash_attention %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {causal = false, scale = 0.69999999999999996 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x4x3xf64>)
%r1:2 = nn.flash_attention %f1_0, %f1_1, %f1_2 {causal = false, scale = 0.7 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x4x3xf64>)
