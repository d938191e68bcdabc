// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: operands have one element type
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x16xf32>
  %w = nn.read @w : tensor<8x16xbf16>
  // expected-error @+1 {{needs operands of one element type, but has 'f32' and 'bf16'; insert an nn.cast}}
  %y = nn.linear %x, %w : (tensor<2x16xf32>, tensor<8x16xbf16>) -> tensor<2x8xf32>
  nn.return
}

// -----

// constraint: the weight is 2-d
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x16xf32>
  %w = nn.read @w : tensor<8x4x16xf32>
  // expected-error @+1 {{needs a weight [out, in]}}
  %y = nn.linear %x, %w : (tensor<2x16xf32>, tensor<8x4x16xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// constraint: x has at least one dim, and its last is the weight's `in`
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<f32>
  %w = nn.read @w : tensor<8x16xf32>
  // expected-error @+1 {{needs rows of at least one dim, not a 0-d tensor}}
  %y = nn.linear %x, %w : (tensor<f32>, tensor<8x16xf32>) -> tensor<8xf32>
  nn.return
}

// -----

// constraint: x has at least one dim, and its last is the weight's `in`
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x15xf32>
  %w = nn.read @w : tensor<8x16xf32>
  // expected-error @+1 {{has rows of 15 numbers, but dim 1 of its weight is 16}}
  %y = nn.linear %x, %w : (tensor<2x15xf32>, tensor<8x16xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// constraint: the bias has `out` numbers
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x16xf32>
  %w = nn.read @w : tensor<8x16xf32>
  %b = nn.read @b : tensor<16xf32>
  // expected-error @+1 {{needs a bias of 8 numbers}}
  %y = nn.linear %x, %w bias %b : (tensor<2x16xf32>, tensor<8x16xf32>, tensor<16xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// constraint: the result has x's leading dims and `out`; of bfloat16 operands it is float32 or bfloat16, else of their type
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x16xf32>
  %w = nn.read @w : tensor<8x16xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.linear %x, %w : (tensor<2x16xf32>, tensor<8x16xf32>) -> tensor<2x16xf32>
  nn.return
}

// -----

// constraint: the result has x's leading dims and `out`; of bfloat16 operands it is float32 or bfloat16, else of their type
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x16xbf16>
  %w = nn.read @w : tensor<8x16xbf16>
  // expected-error @+1 {{has 'tensor<2x9xbf16>' as result #0, but its operands and attributes give 'tensor<2x8xbf16>'}}
  %y = nn.linear %x, %w : (tensor<2x16xbf16>, tensor<8x16xbf16>) -> tensor<2x9xbf16>
  nn.return
}

// -----

// constraint: the result has x's leading dims and `out`; of bfloat16 operands it is float32 or bfloat16, else of their type
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x16xf32>
  %w = nn.read @w : tensor<8x16xf32>
  // expected-error @+1 {{has 'tensor<2x8xbf16>' as result #0, but its operands and attributes give 'tensor<2x8xf32>'}}
  %y = nn.linear %x, %w : (tensor<2x16xf32>, tensor<8x16xf32>) -> tensor<2x8xbf16>
  nn.return
}
