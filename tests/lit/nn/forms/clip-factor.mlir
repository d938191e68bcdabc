// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.clip_factor comes back from its own, the generic and the binary form.

%c0_0 = "test.value"() : () -> tensor<f64>
// CHECK: nn.clip_factor %{{[^ ]+}} {max_norm = 1.500000e+00 : f64} : (tensor<f64>) -> (tensor<f64>, tensor<f64>)
%r0:2 = nn.clip_factor %c0_0 {max_norm = 1.5 : f64} : (tensor<f64>) -> (tensor<f64>, tensor<f64>)
