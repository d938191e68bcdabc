// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.div_count comes back from its own, the generic and the binary form.

%d0_0, %d0_1 = "test.values"() : () -> (tensor<f64>, tensor<f64>)
// CHECK: nn.div_count %{{[^ ]+}}, %{{[^ ]+}} : (tensor<f64>, tensor<f64>) -> tensor<f64>
%r0 = nn.div_count %d0_0, %d0_1 : (tensor<f64>, tensor<f64>) -> tensor<f64>
