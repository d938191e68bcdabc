// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: q, k and v have one element type
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x32xf64>
  %v = nn.read @v : tensor<2x7x2x32xf64>
  // expected-error @+1 {{needs operands of one element type}}
  %o = nn.attention %q, %k, %v : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf64>, tensor<2x7x2x32xf64>) -> tensor<2x7x8x32xf32>
  nn.return
}

// -----

// constraint: q and k are 4-d
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x256xf32>
  %k = nn.read @k : tensor<2x7x2x32xf32>
  %v = nn.read @v : tensor<2x7x2x32xf32>
  // expected-error @+1 {{needs q and k of [b, t, h, d]}}
  %o = nn.attention %q, %k, %v : (tensor<2x7x256xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>) -> tensor<2x7x256xf32>
  nn.return
}

// -----

// constraint: k and v have one shape
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x32xf32>
  %v = nn.read @v : tensor<2x6x2x32xf32>
  // expected-error @+1 {{needs k and v of one shape}}
  %o = nn.attention %q, %k, %v : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x6x2x32xf32>) -> tensor<2x7x8x32xf32>
  nn.return
}

// -----

// constraint: q and k have the same batch and head size
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<3x7x2x32xf32>
  %v = nn.read @v : tensor<3x7x2x32xf32>
  // expected-error @+1 {{needs q and k with the same batch and head size}}
  %o = nn.attention %q, %k, %v : (tensor<2x7x8x32xf32>, tensor<3x7x2x32xf32>, tensor<3x7x2x32xf32>) -> tensor<2x7x8x32xf32>
  nn.return
}

// -----

// constraint: q and k have the same batch and head size
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x16xf32>
  %v = nn.read @v : tensor<2x7x2x16xf32>
  // expected-error @+1 {{needs q and k with the same batch and head size}}
  %o = nn.attention %q, %k, %v : (tensor<2x7x8x32xf32>, tensor<2x7x2x16xf32>, tensor<2x7x2x16xf32>) -> tensor<2x7x8x32xf32>
  nn.return
}

// -----

// constraint: the number of query heads is a multiple of the number of kv heads
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x3x32xf32>
  %v = nn.read @v : tensor<2x7x3x32xf32>
  // expected-error @+1 {{has 8 query heads, which is no multiple of 3 kv heads}}
  %o = nn.attention %q, %k, %v : (tensor<2x7x8x32xf32>, tensor<2x7x3x32xf32>, tensor<2x7x3x32xf32>) -> tensor<2x7x8x32xf32>
  nn.return
}

// -----

// constraint: the result has q's type
nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x7x2x32xf32>
  %v = nn.read @v : tensor<2x7x2x32xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %o = nn.attention %q, %k, %v : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>) -> tensor<2x7x2x32xf32>
  nn.return
}
