// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: at least one input, and as many results as inputs
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{has 1 inputs, but 2 results}}
%y:2 = tp.all_reduce sum %x on "tp" why "w" : (tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)

// -----

// constraint: at least one input, and as many results as inputs
tp.mesh @mesh ["tp" = 2]
// expected-error @+1 {{needs at least one tensor}}
"tp.all_reduce"() {axis = "tp", kind = #tp<reduce sum>, why = "w"} : () -> ()

// -----

// constraint: the mesh has the axis
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{names axis "dp", which the mesh lacks}}
%y = tp.all_reduce sum %x on "dp" why "w" : (tensor<8x4xf32>) -> tensor<8x4xf32>

// -----

// constraint: each result has the type of its input
tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{result 0 is 'tensor<8x2xf32>', expected 'tensor<8x4xf32>'}}
%y = tp.all_reduce sum %x on "tp" why "w" : (tensor<8x4xf32>) -> tensor<8x2xf32>

// -----

%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{needs the module's tp.mesh, and there is none}}
%y = tp.all_reduce sum %x on "tp" why "w" : (tensor<8x4xf32>) -> tensor<8x4xf32>
