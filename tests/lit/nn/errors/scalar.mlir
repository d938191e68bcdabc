// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the tensor is 0-d
// expected-error @+1 {{must be a 0-d tensor}}
nn.scalar @lr : tensor<1xf32> = 0.01

// -----

// constraint: the step number and the seed are tensor<i32>
// expected-error @+1 {{has role step, so it must be a tensor<i32>}}
nn.scalar @step : tensor<f32> = 0.0 role step

// -----

// constraint: a float's value is finite in its type
// expected-error @+1 {{has a value that is not finite in 'f32'}}
nn.scalar @lr : tensor<f32> = 1.0e+39

// -----

// constraint: a float's value is finite in its type
// expected-error @+1 {{has a value that is not finite in 'f32'}}
nn.scalar @lr : tensor<f32> = 0x7FF8000000000000
