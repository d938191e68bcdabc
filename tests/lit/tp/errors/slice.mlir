// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the mesh has the axis, the input the dim
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{names axis "dp", which the mesh lacks}}
%y = tp.slice %x dim 0 on "dp" why "w" : tensor<8x4xf32> -> tensor<4x4xf32>

// -----

// constraint: the mesh has the axis, the input the dim
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{names dim 2 of a tensor of rank 2}}
%y = tp.slice %x dim 2 on "tp" why "w" : tensor<8x4xf32> -> tensor<4x4xf32>

// -----

// constraint: the result has the type of the input, with `dim` large enough that the ranks' parts cover the input
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{result is 'tensor<2x4xf32>', expected 'tensor<4x4xf32>'}}
%y = tp.slice %x dim 0 on "tp" why "w" : tensor<8x4xf32> -> tensor<2x4xf32>
