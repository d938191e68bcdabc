// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the permutation names each dim of x once
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{needs a permutation of the 2 dims of its operand}}
  %y = nn.transpose %x [0, 0] : (tensor<2x8xf32>) -> tensor<2x2xf32>
  nn.return
}

// -----

// constraint: the permutation names each dim of x once
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{needs a permutation of the 2 dims of its operand}}
  %y = nn.transpose %x [0] : (tensor<2x8xf32>) -> tensor<2xf32>
  nn.return
}

// -----

// constraint: the result has x's extents in that order
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.transpose %x [1, 0] : (tensor<2x8xf32>) -> tensor<2x8xf32>
  nn.return
}
