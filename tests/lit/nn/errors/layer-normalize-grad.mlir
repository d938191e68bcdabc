// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: xhat has a last dim
%x = "test.value"() : () -> tensor<f32>
// expected-error @+1 {{normalizes the last dim}}
nn.layer_normalize_grad %x, %x, %x : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<f32>

// -----

// constraint: d and xhat have one type
%d, %x, %r = "test.values"() : () -> (tensor<2x4xf32>, tensor<2x8xf32>, tensor<2xf32>)
// expected-error @+1 {{needs d and xhat of one type, but has 'tensor<2x4xf32>' and 'tensor<2x8xf32>'}}
nn.layer_normalize_grad %d, %x, %r : (tensor<2x4xf32>, tensor<2x8xf32>, tensor<2xf32>) -> tensor<2x8xf32>

// -----

// constraint: rstd has the type that the normalization gives it
%x, %r = "test.values"() : () -> (tensor<2x8xf32>, tensor<8xf32>)
// expected-error @+1 {{needs an rstd of type 'tensor<2xf32>', but has 'tensor<8xf32>'}}
nn.layer_normalize_grad %x, %x, %r : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>

// -----

// constraint: the result has the type of xhat
%x, %r = "test.values"() : () -> (tensor<2x8xf32>, tensor<2xf32>)
// expected-error @+1 {{has 'tensor<8x2xf32>' as result #0}}
nn.layer_normalize_grad %x, %x, %r : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2xf32>) -> tensor<8x2xf32>
