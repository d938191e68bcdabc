// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: max_norm is positive
%n = "test.value"() : () -> tensor<f32>
// expected-error @+1 {{needs max_norm > 0, but max_norm is 0}}
%c:2 = nn.clip_factor %n {max_norm = 0.0} : (tensor<f32>) -> (tensor<f32>, tensor<f32>)

// -----

// constraint: the squared norm is 0-d
%n = "test.value"() : () -> tensor<2xf32>
// expected-error @+1 {{needs a 0-d squared norm, but has 'tensor<2xf32>'}}
%c:2 = nn.clip_factor %n {max_norm = 1.0} : (tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>)

// -----

// constraint: the results have its type
%n = "test.value"() : () -> tensor<f32>
// expected-error @+1 {{has 'tensor<f64>' as result #1}}
%c:2 = nn.clip_factor %n {max_norm = 1.0} : (tensor<f32>) -> (tensor<f32>, tensor<f64>)
