// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: at least one input, and as many results as inputs
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{has 1 inputs, but 2 results}}
%y:2 = tp.all_to_all %x from 0 to 1 on "tp" why "w" : (tensor<8x4xf32>) -> (tensor<16x2xf32>, tensor<16x2xf32>)

// -----

// constraint: at least one input, and as many results as inputs
tp.mesh @mesh ["tp" = 2]
// expected-error @+1 {{needs at least one tensor}}
"tp.all_to_all"() {axis = "tp", from_dim = 0 : i64, to_dim = 1 : i64, why = "w"} : () -> ()

// -----

// constraint: the mesh has the axis, each input the dims, which differ, and `to_dim` divides by the ranks of the axis
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{moves the split from dim 0 to itself}}
%y = tp.all_to_all %x from 0 to 0 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<8x4xf32>

// -----

// constraint: the mesh has the axis, each input the dims, which differ, and `to_dim` divides by the ranks of the axis
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x3xf32>
// expected-error @+1 {{splits dim 1 of extent 3 over 2 ranks, which does not divide; pad it first}}
%y = tp.all_to_all %x from 0 to 1 on "tp" why "w" : (tensor<8x3xf32>) -> tensor<16x1xf32>

// -----

// constraint: the mesh has the axis, each input the dims, which differ, and `to_dim` divides by the ranks of the axis
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{names axis "dp", which the mesh lacks}}
%y = tp.all_to_all %x from 0 to 1 on "dp" why "w" : (tensor<8x4xf32>) -> tensor<16x2xf32>

// -----

// constraint: the mesh has the axis, each input the dims, which differ, and `to_dim` divides by the ranks of the axis
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{names dim 2 of a tensor of rank 2}}
%y = tp.all_to_all %x from 0 to 2 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<16x2xf32>

// -----

// constraint: each result has the type of its input, with `from_dim` times and `to_dim` divided by the ranks of the axis
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{result 0 is 'tensor<4x8xf32>', expected 'tensor<16x2xf32>'}}
%y = tp.all_to_all %x from 0 to 1 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<4x8xf32>
