// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: `dim` and `dim + 1` are dims of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{merges dims 1 and 2 of a tensor of 2 dims}}
  %y = nn.merge_dims %x dim 1 : (tensor<2x8xf32>) -> tensor<16xf32>
  nn.return
}

// -----

// constraint: the result has x's shape with the two dims as one
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.merge_dims %x dim 0 : (tensor<2x8xf32>) -> tensor<8x2xf32>
  nn.return
}
