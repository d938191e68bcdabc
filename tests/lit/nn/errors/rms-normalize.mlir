// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: eps is not negative
%x = "test.value"() : () -> tensor<2x8xf32>
// expected-error @+1 {{needs eps >= 0, but eps is -1}}
nn.rms_normalize %x {eps = -1.0} : (tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2xf32>)

// -----

// constraint: x has a last dim
%x = "test.value"() : () -> tensor<f32>
// expected-error @+1 {{normalizes the last dim}}
nn.rms_normalize %x {eps = 1.0e-5} : (tensor<f32>) -> (tensor<f32>, tensor<f32>)

// -----

// constraint: xhat has the type of x
%x = "test.value"() : () -> tensor<2x8xf32>
// expected-error @+1 {{has 'tensor<8x2xf32>' as result #0}}
nn.rms_normalize %x {eps = 1.0e-5} : (tensor<2x8xf32>) -> (tensor<8x2xf32>, tensor<2xf32>)

// -----

// constraint: rstd has the shape of x without its last dim: float32, or float64 of float64
%x = "test.value"() : () -> tensor<2x8xf64>
// expected-error @+1 {{has 'tensor<2xf32>' as result #1, but its operands and attributes give 'tensor<2xf64>'}}
nn.rms_normalize %x {eps = 1.0e-5} : (tensor<2x8xf64>) -> (tensor<2x8xf64>, tensor<2xf32>)
