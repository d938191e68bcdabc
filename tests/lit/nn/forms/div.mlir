// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.div comes back from its own, the generic and the binary form.

%d0_0, %d0_1 = "test.values"() : () -> (tensor<2x3x5xf64>, tensor<2x3x5xf64>)
// CHECK: nn.div %{{[^ ]+}}, %{{[^ ]+}} : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%r0 = nn.div %d0_0, %d0_1 : (tensor<2x3x5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
