// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.broadcast comes back from its own, the generic and the binary form.

%b0_0, %b0_1 = "test.values"() : () -> (tensor<5xf64>, tensor<2x3x5xf64>)
// CHECK: nn.broadcast %{{[^ ]+}} like %{{[^ ]+}} dims [0, 1] : (tensor<5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%r0 = nn.broadcast %b0_0 like %b0_1 dims [0, 1] : (tensor<5xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%b1_0, %b1_1 = "test.values"() : () -> (tensor<2x3xf64>, tensor<2x3x5xf64>)
// CHECK: nn.broadcast %{{[^ ]+}} like %{{[^ ]+}} dims [2] : (tensor<2x3xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
%r1 = nn.broadcast %b1_0 like %b1_1 dims [2] : (tensor<2x3xf64>, tensor<2x3x5xf64>) -> tensor<2x3x5xf64>
