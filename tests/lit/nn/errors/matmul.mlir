// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: operands have one element type
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<4x8xf32>
  %b = nn.read @b : tensor<8x4xf64>
  // expected-error @+1 {{needs operands of one element type}}
  %y = nn.matmul %a, %b : (tensor<4x8xf32>, tensor<8x4xf64>) -> tensor<4x4xf32>
  nn.return
}

// -----

// constraint: operands have the same rank, at least 2
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<4x8xf32>
  %b = nn.read @b : tensor<1x8x4xf32>
  // expected-error @+1 {{needs two operands of the same rank, at least 2}}
  %y = nn.matmul %a, %b : (tensor<4x8xf32>, tensor<1x8x4xf32>) -> tensor<4x4xf32>
  nn.return
}

// -----

// constraint: operands have the same rank, at least 2
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<8xf32>
  %b = nn.read @b : tensor<8xf32>
  // expected-error @+1 {{needs two operands of the same rank, at least 2}}
  %y = nn.matmul %a, %b : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  nn.return
}

// -----

// constraint: operands have the same leading dims
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x4x8xf32>
  %b = nn.read @b : tensor<3x8x4xf32>
  // expected-error @+1 {{needs operands with the same leading dims}}
  %y = nn.matmul %a, %b : (tensor<2x4x8xf32>, tensor<3x8x4xf32>) -> tensor<2x4x4xf32>
  nn.return
}

// -----

// constraint: operands have the same k
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<4x8xf32>
  %b = nn.read @b : tensor<4x8xf32>
  // expected-error @+1 {{contracts 8 numbers of a with 4 of b}}
  %y = nn.matmul %a, %b : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  nn.return
}

// -----

// constraint: the result is [..., m, n]; of bfloat16 operands it is float32 or bfloat16, else of their type
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<4x8xf32>
  %b = nn.read @b : tensor<8x5xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.matmul %a, %b : (tensor<4x8xf32>, tensor<8x5xf32>) -> tensor<5x4xf32>
  nn.return
}
