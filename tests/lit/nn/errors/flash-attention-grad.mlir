// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: q, k and v are as in `nn.attention`
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x3x32xf32>
  %v = nn.read @v : tensor<2x7x3x32xf32>
  %o = nn.read @o : tensor<2x7x8x32xf32>
  %lse = nn.read @lse : tensor<2x8x7xf32>
  %do = nn.read @do : tensor<2x7x8x32xf32>
  // expected-error @+1 {{has 8 query heads, which is no multiple of 3 kv heads}}
  %dq, %dk, %dv = nn.flash_attention_grad %q, %k, %v, %o, %lse, %do {causal = true, scale = 0.125 : f64} : (tensor<2x7x8x32xf32>, tensor<2x7x3x32xf32>, tensor<2x7x3x32xf32>, tensor<2x7x8x32xf32>, tensor<2x8x7xf32>, tensor<2x7x8x32xf32>) -> (tensor<2x7x8x32xf32>, tensor<2x7x3x32xf32>, tensor<2x7x3x32xf32>)
  nn.return
}

// -----

// constraint: o and its gradient have q's type
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x32xf32>
  %v = nn.read @v : tensor<2x7x2x32xf32>
  %o = nn.read @o : tensor<2x7x2x32xf32>
  %lse = nn.read @lse : tensor<2x8x7xf32>
  %do = nn.read @do : tensor<2x7x8x32xf32>
  // expected-error @+1 {{needs o and its gradient of q's type}}
  %dq, %dk, %dv = nn.flash_attention_grad %q, %k, %v, %o, %lse, %do {causal = true, scale = 0.125 : f64} : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>, tensor<2x8x7xf32>, tensor<2x7x8x32xf32>) -> (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>)
  nn.return
}

// -----

// constraint: o and its gradient have q's type
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x32xf32>
  %v = nn.read @v : tensor<2x7x2x32xf32>
  %o = nn.read @o : tensor<2x7x8x32xf32>
  %lse = nn.read @lse : tensor<2x8x7xf32>
  %do = nn.read @do : tensor<2x7x2x32xf32>
  // expected-error @+1 {{needs o and its gradient of q's type}}
  %dq, %dk, %dv = nn.flash_attention_grad %q, %k, %v, %o, %lse, %do {causal = true, scale = 0.125 : f64} : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x8x32xf32>, tensor<2x8x7xf32>, tensor<2x7x2x32xf32>) -> (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>)
  nn.return
}

// -----

// constraint: lse is [b, h, tq]
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x32xf32>
  %v = nn.read @v : tensor<2x7x2x32xf32>
  %o = nn.read @o : tensor<2x7x8x32xf32>
  %lse = nn.read @lse : tensor<2x7x8xf32>
  %do = nn.read @do : tensor<2x7x8x32xf32>
  // expected-error @+1 {{needs 'tensor<2x8x7xf32>' as log-sums}}
  %dq, %dk, %dv = nn.flash_attention_grad %q, %k, %v, %o, %lse, %do {causal = true, scale = 0.125 : f64} : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x8x32xf32>, tensor<2x7x8xf32>, tensor<2x7x8x32xf32>) -> (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>)
  nn.return
}

// -----

// constraint: the results have the types of q, k and v
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x32xf32>
  %v = nn.read @v : tensor<2x7x2x32xf32>
  %o = nn.read @o : tensor<2x7x8x32xf32>
  %lse = nn.read @lse : tensor<2x8x7xf32>
  %do = nn.read @do : tensor<2x7x8x32xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %dq, %dk, %dv = nn.flash_attention_grad %q, %k, %v, %o, %lse, %do {causal = true, scale = 0.125 : f64} : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x8x32xf32>, tensor<2x8x7xf32>, tensor<2x7x8x32xf32>) -> (tensor<2x7x8x32xf32>, tensor<2x7x8x32xf32>, tensor<2x7x8x32xf32>)
  nn.return
}
