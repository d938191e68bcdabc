// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.relu comes back from its own, the generic and the binary form.

%r0_0 = "test.value"() : () -> tensor<2x3x5xf64>
// CHECK: nn.relu %{{[^ ]+}} : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%r0 = nn.relu %r0_0 : (tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
