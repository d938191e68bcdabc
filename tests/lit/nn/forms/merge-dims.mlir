// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -mlir-print-op-generic | tpc-opt -allow-unregistered-dialect | FileCheck %s
// RUN: tpc-opt %s -allow-unregistered-dialect -emit-bytecode | tpc-opt -allow-unregistered-dialect | FileCheck %s

// nn.merge_dims comes back from its own, the generic and the binary form.

%m0_0 = "test.value"() : () -> tensor<2x3x4x5xf64>
// CHECK: nn.merge_dims %{{[^ ]+}} dim 1 : (tensor<2x3x4x5xf64>) -> tensor<2x12x5xf64>
%r0 = nn.merge_dims %m0_0 dim 1 : (tensor<2x3x4x5xf64>) -> tensor<2x12x5xf64>
%m1_0 = "test.value"() : () -> tensor<2x3x4x5xi32>
// CHECK: nn.merge_dims %{{[^ ]+}} dim 1 : (tensor<2x3x4x5xi32>) -> tensor<2x12x5xi32>
%r1 = nn.merge_dims %m1_0 dim 1 : (tensor<2x3x4x5xi32>) -> tensor<2x12x5xi32>
%m2_0 = "test.value"() : () -> tensor<1x3x6x2xf64>
// CHECK: nn.merge_dims %{{[^ ]+}} dim 2 : (tensor<1x3x6x2xf64>) -> tensor<1x3x12xf64>
%r2 = nn.merge_dims %m2_0 dim 2 : (tensor<1x3x6x2xf64>) -> tensor<1x3x12xf64>
