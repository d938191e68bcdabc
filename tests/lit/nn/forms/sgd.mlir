// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.sgd comes back from its own, the generic and the binary form.

%s0_0, %s0_1, %s0_2, %s0_3, %s0_4 = "test.values"() : () -> (tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<f64>, tensor<i32>)
// CHECK: nn.sgd %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {momentum = 9.000000e-01 : f64, weight_decay = 1.000000e-01 : f64} : (tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<f64>, tensor<i32>) -> (tensor<7xf64>, tensor<7xf64>)
%r0:2 = nn.sgd %s0_0, %s0_1, %s0_2, %s0_3, %s0_4 {momentum = 0.9 : f64, weight_decay = 0.1 : f64} : (tensor<7xf64>, tensor<7xf64>, tensor<7xf64>, tensor<f64>, tensor<i32>) -> (tensor<7xf64>, tensor<7xf64>)
%s1_0, %s1_1, %s1_2, %s1_3 = "test.values"() : () -> (tensor<7xf64>, tensor<7xf64>, tensor<f64>, tensor<i32>)
// CHECK: nn.sgd %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}}, %{{[^ ]+}} {momentum = 0.000000e+00 : f64, weight_decay = 1.000000e-01 : f64} : (tensor<7xf64>, tensor<7xf64>, tensor<f64>, tensor<i32>) -> tensor<7xf64>
%r1 = nn.sgd %s1_0, %s1_1, %s1_2, %s1_3 {momentum = 0.0 : f64, weight_decay = 0.1 : f64} : (tensor<7xf64>, tensor<7xf64>, tensor<f64>, tensor<i32>) -> tensor<7xf64>
