// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.adam comes back from its own, the generic and the binary form.

%a0_0, %a0_1, %a0_2, %a0_3, %a0_4, %a0_5 = "test.values"() : () -> (tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<f64>, tensor<i32>)
// CHECK: nn.adam %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {beta1 = 9.000000e-01 : f64, beta2 = 0.94999999999999996 : f64, eps = 1.000000e-08 : f64, weight_decay = 1.000000e-01 : f64} : (tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<f64>, tensor<i32>) -> (tensor<7xf64>, tensor<7xf64>, tensor<7xf64>)
%r0:3 = nn.adam %a0_0, %a0_1, %a0_2, %a0_3, %a0_4, %a0_5 {beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64} : (tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<f64>, tensor<i32>) -> (tensor<7xf64>, tensor<7xf64>, tensor<7xf64>)
%a1_0, %a1_1, %a1_2, %a1_3, %a1_4, %a1_5 = "test.values"() : () -> (tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<f64>, tensor<i32>)
// CHECK: nn.adam %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {beta1 = 9.000000e-01 : f64, beta2 = 0.94999999999999996 : f64, decoupled = true, eps = 1.000000e-08 : f64, weight_decay = 1.000000e-01 : f64} : (tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<f64>, tensor<i32>) -> (tensor<7xf64>, tensor<7xf64>, tensor<7xf64>)
%r1:3 = nn.adam %a1_0, %a1_1, %a1_2, %a1_3, %a1_4, %a1_5 {beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64, decoupled = true} : (tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<f64>, tensor<i32>) -> (tensor<7xf64>, tensor<7xf64>, tensor<7xf64>)
