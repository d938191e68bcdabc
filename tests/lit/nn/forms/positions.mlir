// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.positions comes back from its own, the generic and the binary form.

%p0_0 = "test.value"() : () -> tensor<2x3xi32>
// CHECK: nn.positions %{{[^ ]+}} : (tensor<2x3xi32>) -> tensor<2x3xi32>
%r0 = nn.positions %p0_0 : (tensor<2x3xi32>) -> tensor<2x3xi32>
