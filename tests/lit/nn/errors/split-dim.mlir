// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: `dim` is a dim of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{names dim 2 of a tensor of 2 dims}}
  %y = nn.split_dim %x dim 2 minor 4 : (tensor<2x8xf32>) -> tensor<2x2x4xf32>
  nn.return
}

// -----

// constraint: `minor` divides its extent
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{splits a dim of 8 by 3, which is no divisor of it}}
  %y = nn.split_dim %x dim 1 minor 3 : (tensor<2x8xf32>) -> tensor<2x3x3xf32>
  nn.return
}

// -----

// constraint: the result has x's shape with the dim as two
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.split_dim %x dim 1 minor 4 : (tensor<2x8xf32>) -> tensor<2x4x2xf32>
  nn.return
}
