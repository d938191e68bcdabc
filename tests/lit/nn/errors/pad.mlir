// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: `dim` is a dim of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x3xf32>
  // expected-error @+1 {{names dim 2 of a tensor of 2 dims}}
  %y = nn.pad %x dim 2 start 0 : (tensor<2x3xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// constraint: operand and result differ in this dim alone
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x3xf32>
  // expected-error @+1 {{needs operand and result that differ in dim 1 alone}}
  %y = nn.pad %x dim 1 start 0 : (tensor<2x3xf32>) -> tensor<3x8xf32>
  nn.return
}

// -----

// constraint: the place of x lies in the result's dim
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x3xf32>
  // expected-error @+1 {{places [6, 9) in a dim of 8}}
  %y = nn.pad %x dim 1 start 6 : (tensor<2x3xf32>) -> tensor<2x8xf32>
  nn.return
}
