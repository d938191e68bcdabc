// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: operands have one element type
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x8xf32>
  %b = nn.read @b : tensor<8x16xf64>
  // expected-error @+1 {{needs operands of one element type}}
  %y = nn.linear_input_grad %a, %b : (tensor<2x8xf32>, tensor<8x16xf64>) -> tensor<2x16xf32>
  nn.return
}

// -----

// constraint: the weight is 2-d
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x8xf32>
  %b = nn.read @b : tensor<16xf32>
  // expected-error @+1 {{needs a weight [out, in]}}
  %y = nn.linear_input_grad %a, %b : (tensor<2x8xf32>, tensor<16xf32>) -> tensor<2x16xf32>
  nn.return
}

// -----

// constraint: dy has at least one dim, and its last is the weight's `out`
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<f32>
  %b = nn.read @b : tensor<8x16xf32>
  // expected-error @+1 {{needs rows of at least one dim, not a 0-d tensor}}
  %y = nn.linear_input_grad %a, %b : (tensor<f32>, tensor<8x16xf32>) -> tensor<16xf32>
  nn.return
}

// -----

// constraint: dy has at least one dim, and its last is the weight's `out`
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x16xf32>
  %b = nn.read @b : tensor<8x16xf32>
  // expected-error @+1 {{has rows of 16 numbers, but dim 0 of its weight is 8}}
  %y = nn.linear_input_grad %a, %b : (tensor<2x16xf32>, tensor<8x16xf32>) -> tensor<2x16xf32>
  nn.return
}

// -----

// constraint: the result has dy's leading dims and `in`; of bfloat16 operands it is float32 or bfloat16, else of their type
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x8xf32>
  %b = nn.read @b : tensor<8x16xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.linear_input_grad %a, %b : (tensor<2x8xf32>, tensor<8x16xf32>) -> tensor<2x8xf32>
  nn.return
}
