// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: q, k and v are as in `nn.attention`
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x3x32xf32>
  %v = nn.read @v : tensor<2x7x3x32xf32>
  // expected-error @+1 {{has 8 query heads, which is no multiple of 3 kv heads}}
  %o, %lse = nn.flash_attention %q, %k, %v {causal = true, scale = 0.125 : f64} : (tensor<2x7x8x32xf32>, tensor<2x7x3x32xf32>, tensor<2x7x3x32xf32>) -> (tensor<2x7x8x32xf32>, tensor<2x8x7xf32>)
  nn.return
}

// -----

// constraint: o has q's type, lse is [b, h, tq]
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x32xf32>
  %v = nn.read @v : tensor<2x7x2x32xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %o, %lse = nn.flash_attention %q, %k, %v {causal = true, scale = 0.125 : f64} : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>) -> (tensor<2x7x2x32xf32>, tensor<2x8x7xf32>)
  nn.return
}

// -----

// constraint: o has q's type, lse is [b, h, tq]
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x32xf32>
  %v = nn.read @v : tensor<2x7x2x32xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %o, %lse = nn.flash_attention %q, %k, %v {causal = true, scale = 0.125 : f64} : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>) -> (tensor<2x7x8x32xf32>, tensor<2x7x8xf32>)
  nn.return
}
