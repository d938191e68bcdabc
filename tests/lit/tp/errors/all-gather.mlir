// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: at least one input, and as many results as inputs
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{has 1 inputs, but 2 results}}
%y:2 = tp.all_gather %x dim 0 on "tp" why "w" : (tensor<8x4xf32>) -> (tensor<16x4xf32>, tensor<16x4xf32>)

// -----

// constraint: at least one input, and as many results as inputs
tp.mesh @mesh ["tp" = 2]
// expected-error @+1 {{needs at least one tensor}}
"tp.all_gather"() {axis = "tp", dim = 0 : i64, why = "w"} : () -> ()

// -----

// constraint: the mesh has the axis, each input the dim
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{names dim 2 of a tensor of rank 2}}
%y = tp.all_gather %x dim 2 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<8x4xf32>

// -----

// constraint: the mesh has the axis, each input the dim
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{names axis "dp", which the mesh lacks}}
%y = tp.all_gather %x dim 0 on "dp" why "w" : (tensor<8x4xf32>) -> tensor<16x4xf32>

// -----

// constraint: the mesh has the axis, each input the dim
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{names dim -1 of a tensor of rank 2}}
%y = tp.all_gather %x dim -1 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<16x4xf32>

// -----

// constraint: each result has the type of its input, with `dim` times the ranks of the axis
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{result 0 is 'tensor<8x4xf32>', expected 'tensor<16x4xf32>'}}
%y = tp.all_gather %x dim 0 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<8x4xf32>
