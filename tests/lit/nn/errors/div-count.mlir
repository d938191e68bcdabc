// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the count is 0-d, of x's element type
%x = "test.value"() : () -> tensor<4xf32>
// expected-error @+1 {{needs a count of type 'tensor<f32>', but has 'tensor<4xf32>'}}
nn.div_count %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>

// -----

// constraint: the result has the type of x
%x, %n = "test.values"() : () -> (tensor<4xf32>, tensor<f32>)
// expected-error @+1 {{has 'tensor<f32>' as result #0}}
nn.div_count %x, %n : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
