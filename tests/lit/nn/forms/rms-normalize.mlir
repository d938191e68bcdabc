// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.rms_normalize comes back from its own, the generic and the binary form.

%r0_0 = "test.value"() : () -> tensor<2x3x5xf64>
// CHECK: nn.rms_normalize %{{[^ ]+}} {eps = 1.000000e-02 : f64} : (tensor<2x3x5xf64>) -> (tensor<2x3x5xf64>, tensor<2x3xf64>)
%r0:2 = nn.rms_normalize %r0_0 {eps = 1.0e-2 : f64} : (tensor<2x3x5xf64>) -> (tensor<2x3x5xf64>, tensor<2x3xf64>)
