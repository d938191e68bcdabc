// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.fill comes back from its own, the generic and the binary form.

// CHECK: nn.fill 1.500000e+00 : tensor<2x3xf64>
%r0 = nn.fill 1.5 : tensor<2x3xf64>
