// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.pad comes back from its own, the generic and the binary form.

%p0_0 = "test.value"() : () -> tensor<4x3x2xf64>
// CHECK: nn.pad %{{[^ ]+}} dim 1 start 2 : (tensor<4x3x2xf64>) -> tensor<4x7x2xf64>
%r0 = nn.pad %p0_0 dim 1 start 2 : (tensor<4x3x2xf64>) -> tensor<4x7x2xf64>
