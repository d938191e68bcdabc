// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: eps is not negative
%x = "test.value"() : () -> tensor<2x8xf32>
// expected-error @+1 {{needs eps >= 0}}
nn.rms_norm %x {eps = -1.0} : (tensor<2x8xf32>) -> tensor<2x8xf32>

// -----

// constraint: x has a last dim
%x = "test.value"() : () -> tensor<f32>
// expected-error @+1 {{normalizes the last dim}}
nn.rms_norm %x {eps = 1.0e-5} : (tensor<f32>) -> tensor<f32>

// -----

// constraint: weight has the type of one row of x
%x, %w = "test.values"() : () -> (tensor<2x8xf32>, tensor<2xf32>)
// expected-error @+1 {{needs a weight of type 'tensor<8xf32>'}}
nn.rms_norm %x weight %w {eps = 1.0e-5} : (tensor<2x8xf32>, tensor<2xf32>) -> tensor<2x8xf32>

// -----

// constraint: the result has the type of x
%x = "test.value"() : () -> tensor<2x8xf32>
// expected-error @+1 {{has 'tensor<8x2xf32>' as result #0}}
nn.rms_norm %x {eps = 1.0e-5} : (tensor<2x8xf32>) -> tensor<8x2xf32>
