// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: there is at least one operand
nn.entry @e outputs [] {
  // expected-error @+1 {{needs at least one operand}}
  %y = "nn.concat"() {dim = 0 : i64} : () -> tensor<2xf32>
  nn.return
}

// -----

// constraint: operands have one element type
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x3xf32>
  %b = nn.read @b : tensor<2x4xf64>
  // expected-error @+1 {{needs operands of one element type}}
  %y = nn.concat %a, %b dim 1 : (tensor<2x3xf32>, tensor<2x4xf64>) -> tensor<2x7xf32>
  nn.return
}

// -----

// constraint: `dim` is a dim of the operands
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x3xf32>
  %b = nn.read @b : tensor<2x4xf32>
  // expected-error @+1 {{names dim 2 of a tensor of 2 dims}}
  %y = nn.concat %a, %b dim 2 : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x7xf32>
  nn.return
}

// -----

// constraint: operands differ in this dim alone
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x3xf32>
  %b = nn.read @b : tensor<3x4xf32>
  // expected-error @+1 {{needs operands that differ in dim 1 alone}}
  %y = nn.concat %a, %b dim 1 : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x7xf32>
  nn.return
}

// -----

// constraint: the result has the sum of their extents in the dim
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x3xf32>
  %b = nn.read @b : tensor<2x4xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.concat %a, %b dim 1 : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x8xf32>
  nn.return
}
