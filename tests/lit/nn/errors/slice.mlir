// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: `dim` is a dim of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{names dim -1 of a tensor of 2 dims}}
  %y = nn.slice %x dim -1 start 0 size 1 : (tensor<2x8xf32>) -> tensor<2x1xf32>
  nn.return
}

// -----

// constraint: the range is not empty and lies in the dim
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{takes [5, 9) of a dim of 8}}
  %y = nn.slice %x dim 1 start 5 size 4 : (tensor<2x8xf32>) -> tensor<2x4xf32>
  nn.return
}

// -----

// constraint: the range is not empty and lies in the dim
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{takes [5, 5) of a dim of 8}}
  %y = nn.slice %x dim 1 start 5 size 0 : (tensor<2x8xf32>) -> tensor<2x1xf32>
  nn.return
}

// -----

// constraint: the result has x's shape with `size` in the dim
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.slice %x dim 1 start 5 size 2 : (tensor<2x8xf32>) -> tensor<2x3xf32>
  nn.return
}
