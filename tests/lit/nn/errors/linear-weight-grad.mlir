// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: operands have one element type
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x8xf32>
  %b = nn.read @b : tensor<2x16xf64>
  // expected-error @+1 {{needs operands of one element type}}
  %y = nn.linear_weight_grad %a, %b : (tensor<2x8xf32>, tensor<2x16xf64>) -> tensor<8x16xf32>
  nn.return
}

// -----

// constraint: operands have at least one dim, and the same leading dims
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x8xf32>
  %b = nn.read @b : tensor<3x16xf32>
  // expected-error @+1 {{needs operands with the same rows}}
  %y = nn.linear_weight_grad %a, %b : (tensor<2x8xf32>, tensor<3x16xf32>) -> tensor<8x16xf32>
  nn.return
}

// -----

// constraint: operands have at least one dim, and the same leading dims
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<f32>
  %b = nn.read @b : tensor<f32>
  // expected-error @+1 {{needs operands with the same rows}}
  %y = nn.linear_weight_grad %a, %b : (tensor<f32>, tensor<f32>) -> tensor<8x16xf32>
  nn.return
}

// -----

// constraint: the result is [out, in]; of bfloat16 operands it is float32 or bfloat16, else of their type
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x8xf32>
  %b = nn.read @b : tensor<2x16xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.linear_weight_grad %a, %b : (tensor<2x8xf32>, tensor<2x16xf32>) -> tensor<16x8xf32>
  nn.return
}
