// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: there is at least one dim, and dims are ascending dims of `like`
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  %l = nn.read @l : tensor<2x8xf32>
  // expected-error @+1 {{names no dims; it needs at least one}}
  %y = nn.broadcast %x like %l dims [] : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// constraint: there is at least one dim, and dims are ascending dims of `like`
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  %l = nn.read @l : tensor<2x8xf32>
  // expected-error @+1 {{needs dims in ascending order, below 2}}
  %y = nn.broadcast %x like %l dims [2] : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// constraint: the result has the shape of `like` and the element type of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  %l = nn.read @l : tensor<2x8xf32>
  // expected-error @+1 {{needs a result of the shape of}}
  %y = nn.broadcast %x like %l dims [0] : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<3x8xf32>
  nn.return
}

// -----

// constraint: the result has the shape of `like` and the element type of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  %l = nn.read @l : tensor<2x8xf32>
  // expected-error @+1 {{needs a result of the shape of}}
  %y = nn.broadcast %x like %l dims [0] : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf64>
  nn.return
}

// -----

// constraint: x has the result's dims that `dims` does not name
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  %l = nn.read @l : tensor<2x8xf32>
  // expected-error @+1 {{needs an operand with the dims of the result that `dims` does not name}}
  %y = nn.broadcast %x like %l dims [1] : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  nn.return
}
