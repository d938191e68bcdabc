// RUN: tpc-opt %s --split-input-file --verify-diagnostics

// attention: q, k and v have one element type
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x32xf64>
  %v = nn.read @v : tensor<2x7x2x32xf64>
  // expected-error @+1 {{needs operands of one element type}}
  %o = nn.attention %q, %k, %v : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf64>, tensor<2x7x2x32xf64>) -> tensor<2x7x8x32xf32>
  nn.return
}

// -----

// attention: q and k are 4-d
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x256xf32>
  %k = nn.read @k : tensor<2x7x2x32xf32>
  %v = nn.read @v : tensor<2x7x2x32xf32>
  // expected-error @+1 {{needs q and k of [b, t, h, d]}}
  %o = nn.attention %q, %k, %v : (tensor<2x7x256xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>) -> tensor<2x7x256xf32>
  nn.return
}

// -----

// attention: k and v have one shape
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x32xf32>
  %v = nn.read @v : tensor<2x6x2x32xf32>
  // expected-error @+1 {{needs k and v of one shape}}
  %o = nn.attention %q, %k, %v : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x6x2x32xf32>) -> tensor<2x7x8x32xf32>
  nn.return
}

// -----

// attention: q and k have the same batch
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<3x7x2x32xf32>
  %v = nn.read @v : tensor<3x7x2x32xf32>
  // expected-error @+1 {{needs q and k with the same batch and head size}}
  %o = nn.attention %q, %k, %v : (tensor<2x7x8x32xf32>, tensor<3x7x2x32xf32>, tensor<3x7x2x32xf32>) -> tensor<2x7x8x32xf32>
  nn.return
}

// -----

// attention: q and k have the same head size
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x16xf32>
  %v = nn.read @v : tensor<2x7x2x16xf32>
  // expected-error @+1 {{needs q and k with the same batch and head size}}
  %o = nn.attention %q, %k, %v : (tensor<2x7x8x32xf32>, tensor<2x7x2x16xf32>, tensor<2x7x2x16xf32>) -> tensor<2x7x8x32xf32>
  nn.return
}

// -----

// attention: the number of query heads is a multiple of the number of kv heads
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x3x32xf32>
  %v = nn.read @v : tensor<2x7x3x32xf32>
  // expected-error @+1 {{has 8 query heads, which is no multiple of 3 kv heads}}
  %o = nn.attention %q, %k, %v : (tensor<2x7x8x32xf32>, tensor<2x7x3x32xf32>, tensor<2x7x3x32xf32>) -> tensor<2x7x8x32xf32>
  nn.return
}

// -----

// attention: the result has the type of q
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x32xf32>
  %v = nn.read @v : tensor<2x7x2x32xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %o = nn.attention %q, %k, %v : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>) -> tensor<2x7x2x32xf32>
  nn.return
}

// -----

// flash_attention: q, k and v are as in attention
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x3x32xf32>
  %v = nn.read @v : tensor<2x7x3x32xf32>
  // expected-error @+1 {{has 8 query heads, which is no multiple of 3 kv heads}}
  %o, %lse = nn.flash_attention %q, %k, %v {causal = true, scale = 0.125 : f64} : (tensor<2x7x8x32xf32>, tensor<2x7x3x32xf32>, tensor<2x7x3x32xf32>) -> (tensor<2x7x8x32xf32>, tensor<2x8x7xf32>)
  nn.return
}

// -----

// flash_attention: o has the type of q
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x32xf32>
  %v = nn.read @v : tensor<2x7x2x32xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %o, %lse = nn.flash_attention %q, %k, %v {causal = true, scale = 0.125 : f64} : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>) -> (tensor<2x7x2x32xf32>, tensor<2x8x7xf32>)
  nn.return
}

// -----

// flash_attention: lse is [b, h, tq]
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x32xf32>
  %v = nn.read @v : tensor<2x7x2x32xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %o, %lse = nn.flash_attention %q, %k, %v {causal = true, scale = 0.125 : f64} : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>) -> (tensor<2x7x8x32xf32>, tensor<2x7x8xf32>)
  nn.return
}

// -----

// flash_attention_grad: q, k and v are as in attention
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

// flash_attention_grad: o has the type of q
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

// flash_attention_grad: the gradient of o has the type of q
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

// flash_attention_grad: lse is [b, h, tq]
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

// flash_attention_grad: the results have the types of q, k and v
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
