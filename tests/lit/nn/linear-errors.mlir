// RUN: tpc-opt %s --split-input-file --verify-diagnostics

// linear: operands have one element type
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x16xf32>
  %w = nn.read @w : tensor<8x16xbf16>
  // expected-error @+1 {{needs operands of one element type, but has 'f32' and 'bf16'; insert an nn.cast}}
  %y = nn.linear %x, %w : (tensor<2x16xf32>, tensor<8x16xbf16>) -> tensor<2x8xf32>
  nn.return
}

// -----

// linear: the weight is 2-d
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x16xf32>
  %w = nn.read @w : tensor<8x4x16xf32>
  // expected-error @+1 {{needs a weight [out, in]}}
  %y = nn.linear %x, %w : (tensor<2x16xf32>, tensor<8x4x16xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// linear: x has at least one dim
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<f32>
  %w = nn.read @w : tensor<8x16xf32>
  // expected-error @+1 {{needs rows of at least one dim, not a 0-d tensor}}
  %y = nn.linear %x, %w : (tensor<f32>, tensor<8x16xf32>) -> tensor<8xf32>
  nn.return
}

// -----

// linear: the last dim of x is the weight's in
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x15xf32>
  %w = nn.read @w : tensor<8x16xf32>
  // expected-error @+1 {{has rows of 15 numbers, but dim 1 of its weight is 16}}
  %y = nn.linear %x, %w : (tensor<2x15xf32>, tensor<8x16xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// linear: the bias has out numbers
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x16xf32>
  %w = nn.read @w : tensor<8x16xf32>
  %b = nn.read @b : tensor<16xf32>
  // expected-error @+1 {{needs a bias of 8 numbers}}
  %y = nn.linear %x, %w bias %b : (tensor<2x16xf32>, tensor<8x16xf32>, tensor<16xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// linear: the result has the leading dims of x and out
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x16xf32>
  %w = nn.read @w : tensor<8x16xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.linear %x, %w : (tensor<2x16xf32>, tensor<8x16xf32>) -> tensor<2x16xf32>
  nn.return
}

// -----

// linear_input_grad: operands have one element type
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x8xf32>
  %b = nn.read @b : tensor<8x16xf64>
  // expected-error @+1 {{needs operands of one element type}}
  %y = nn.linear_input_grad %a, %b : (tensor<2x8xf32>, tensor<8x16xf64>) -> tensor<2x16xf32>
  nn.return
}

// -----

// linear_input_grad: the weight is 2-d
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x8xf32>
  %b = nn.read @b : tensor<16xf32>
  // expected-error @+1 {{needs a weight [out, in]}}
  %y = nn.linear_input_grad %a, %b : (tensor<2x8xf32>, tensor<16xf32>) -> tensor<2x16xf32>
  nn.return
}

// -----

// linear_input_grad: dy has at least one dim
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<f32>
  %b = nn.read @b : tensor<8x16xf32>
  // expected-error @+1 {{needs rows of at least one dim, not a 0-d tensor}}
  %y = nn.linear_input_grad %a, %b : (tensor<f32>, tensor<8x16xf32>) -> tensor<16xf32>
  nn.return
}

// -----

// linear_input_grad: the last dim of dy is the weight's out
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x16xf32>
  %b = nn.read @b : tensor<8x16xf32>
  // expected-error @+1 {{has rows of 16 numbers, but dim 0 of its weight is 8}}
  %y = nn.linear_input_grad %a, %b : (tensor<2x16xf32>, tensor<8x16xf32>) -> tensor<2x16xf32>
  nn.return
}

// -----

// linear_input_grad: the result has the leading dims of dy and in
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x8xf32>
  %b = nn.read @b : tensor<8x16xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.linear_input_grad %a, %b : (tensor<2x8xf32>, tensor<8x16xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// linear_weight_grad: operands have one element type
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x8xf32>
  %b = nn.read @b : tensor<2x16xf64>
  // expected-error @+1 {{needs operands of one element type}}
  %y = nn.linear_weight_grad %a, %b : (tensor<2x8xf32>, tensor<2x16xf64>) -> tensor<8x16xf32>
  nn.return
}

// -----

// linear_weight_grad: operands have the same leading dims
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x8xf32>
  %b = nn.read @b : tensor<3x16xf32>
  // expected-error @+1 {{needs operands with the same rows}}
  %y = nn.linear_weight_grad %a, %b : (tensor<2x8xf32>, tensor<3x16xf32>) -> tensor<8x16xf32>
  nn.return
}

// -----

// linear_weight_grad: operands have at least one dim
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<f32>
  %b = nn.read @b : tensor<f32>
  // expected-error @+1 {{needs operands with the same rows}}
  %y = nn.linear_weight_grad %a, %b : (tensor<f32>, tensor<f32>) -> tensor<8x16xf32>
  nn.return
}

// -----

// linear_weight_grad: the result is [out, in]
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x8xf32>
  %b = nn.read @b : tensor<2x16xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.linear_weight_grad %a, %b : (tensor<2x8xf32>, tensor<2x16xf32>) -> tensor<16x8xf32>
  nn.return
}

// -----

// matmul: operands have one element type
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<4x8xf32>
  %b = nn.read @b : tensor<8x4xf64>
  // expected-error @+1 {{needs operands of one element type}}
  %y = nn.matmul %a, %b : (tensor<4x8xf32>, tensor<8x4xf64>) -> tensor<4x4xf32>
  nn.return
}

// -----

// matmul: operands have the same rank
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<4x8xf32>
  %b = nn.read @b : tensor<1x8x4xf32>
  // expected-error @+1 {{needs two operands of the same rank, at least 2}}
  %y = nn.matmul %a, %b : (tensor<4x8xf32>, tensor<1x8x4xf32>) -> tensor<4x4xf32>
  nn.return
}

// -----

// matmul: operands have at least two dims
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<8xf32>
  %b = nn.read @b : tensor<8xf32>
  // expected-error @+1 {{needs two operands of the same rank, at least 2}}
  %y = nn.matmul %a, %b : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  nn.return
}

// -----

// matmul: operands have the same leading dims
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x4x8xf32>
  %b = nn.read @b : tensor<3x8x4xf32>
  // expected-error @+1 {{needs operands with the same leading dims}}
  %y = nn.matmul %a, %b : (tensor<2x4x8xf32>, tensor<3x8x4xf32>) -> tensor<2x4x4xf32>
  nn.return
}

// -----

// matmul: operands have the same k
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<4x8xf32>
  %b = nn.read @b : tensor<4x8xf32>
  // expected-error @+1 {{contracts 8 numbers of a with 4 of b}}
  %y = nn.matmul %a, %b : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  nn.return
}

// -----

// matmul: the result is [..., m, n]
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<4x8xf32>
  %b = nn.read @b : tensor<8x5xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.matmul %a, %b : (tensor<4x8xf32>, tensor<8x5xf32>) -> tensor<5x4xf32>
  nn.return
}
