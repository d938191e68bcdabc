// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: there is at least one dim, and dims are ascending dims of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{names no dims; it needs at least one}}
  %y = nn.mean %x dims [] : (tensor<2x8xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// constraint: there is at least one dim, and dims are ascending dims of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{needs dims in ascending order, below 2}}
  %y = nn.mean %x dims [2] : (tensor<2x8xf32>) -> tensor<2xf32>
  nn.return
}

// -----

// constraint: there is at least one dim, and dims are ascending dims of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{needs dims in ascending order, below 2}}
  %y = nn.mean %x dims [1, 0] : (tensor<2x8xf32>) -> tensor<f32>
  nn.return
}

// -----

// constraint: dims are leading dims, trailing dims or all of them
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8x4xf32>
  // expected-error @+1 {{leading dims, trailing dims or all of them; transpose first}}
  %y = nn.mean %x dims [1] : (tensor<2x8x4xf32>) -> tensor<2x4xf32>
  nn.return
}

// -----

// constraint: the result has x's other dims and its element type
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.mean %x dims [1] : (tensor<2x8xf32>) -> tensor<8xf32>
  nn.return
}
