// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.flash_attention_grad comes back from its own, the generic and the binary form.

%f0_0, %f0_1, %f0_2, %f0_3, %f0_4, %f0_5 = "test.values"() : () -> (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x4x3xf64>, tensor<1x3x4x2xf64>)
// CHECK: nn.flash_attention_grad %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {causal = true, scale = 0.69999999999999996 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x4x3xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>)
%r0:3 = nn.flash_attention_grad %f0_0, %f0_1, %f0_2, %f0_3, %f0_4, %f0_5 {causal = true, scale = 0.7 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x4x3xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>)
%f1_0, %f1_1, %f1_2, %f1_3, %f1_4, %f1_5 = "test.values"() : () -> (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x4x3xf64>, tensor<1x3x4x2xf64>)
// CHECK: nn.flash_attention_grad %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {causal = false, scale = 0.69999999999999996 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x4x3xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>)
%r1:3 = nn.flash_attention_grad %f1_0, %f1_1, %f1_2, %f1_3, %f1_4, %f1_5 {causal = false, scale = 0.7 : f64} : (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x4x3xf64>, tensor<1x3x4x2xf64>) -> (tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>, tensor<1x3x4x2xf64>)
