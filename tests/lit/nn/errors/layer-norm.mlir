// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: eps is not negative
%x = "test.value"() : () -> tensor<2x8xf32>
// expected-error @+1 {{needs eps >= 0, but eps is -1}}
nn.layer_norm %x {eps = -1.0} : (tensor<2x8xf32>) -> tensor<2x8xf32>

// -----

// constraint: x has a last dim
%x = "test.value"() : () -> tensor<f32>
// expected-error @+1 {{normalizes the last dim, but x has no dims}}
nn.layer_norm %x {eps = 1.0e-5} : (tensor<f32>) -> tensor<f32>

// -----

// constraint: weight and bias have the type of one row of x
%x, %w = "test.values"() : () -> (tensor<2x8xf32>, tensor<2xf32>)
// expected-error @+1 {{needs a weight of type 'tensor<8xf32>', but has 'tensor<2xf32>'}}
nn.layer_norm %x weight %w {eps = 1.0e-5} : (tensor<2x8xf32>, tensor<2xf32>) -> tensor<2x8xf32>

// -----

// constraint: weight and bias have the type of one row of x
%x, %w = "test.values"() : () -> (tensor<2x8xf32>, tensor<8xf64>)
// expected-error @+1 {{needs a bias of type 'tensor<8xf32>', but has 'tensor<8xf64>'}}
nn.layer_norm %x bias %w {eps = 1.0e-5} : (tensor<2x8xf32>, tensor<8xf64>) -> tensor<2x8xf32>

// -----

// constraint: the result has the type of x
%x = "test.value"() : () -> tensor<2x8xf32>
// expected-error @+1 {{has 'tensor<8x2xf32>' as result #0}}
nn.layer_norm %x {eps = 1.0e-5} : (tensor<2x8xf32>) -> tensor<8x2xf32>
