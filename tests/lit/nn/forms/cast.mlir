// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.cast comes back from its own, the generic and the binary form.

%c0_0 = "test.value"() : () -> tensor<2x3x5xf64>
// CHECK: nn.cast %{{[^ ]+}} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf32>
%r0 = nn.cast %c0_0 : (tensor<2x3x5xf64>) -> tensor<2x3x5xf32>
