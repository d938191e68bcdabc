// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.scale comes back from its own, the generic and the binary form.

%s0_0 = "test.value"() : () -> tensor<2x3x5xf64>
// CHECK: nn.scale %{{[^ ]+}} {factor = -1.500000e+00 : f64} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%r0 = nn.scale %s0_0 {factor = -1.5 : f64} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
