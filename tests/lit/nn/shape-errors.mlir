// RUN: tpc-opt %s --split-input-file --verify-diagnostics

// split_dim: dim is a dim of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{names dim 2 of a tensor of 2 dims}}
  %y = nn.split_dim %x dim 2 minor 4 : (tensor<2x8xf32>) -> tensor<2x2x4xf32>
  nn.return
}

// -----

// split_dim: minor divides its extent
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{splits a dim of 8 by 3, which is no divisor of it}}
  %y = nn.split_dim %x dim 1 minor 3 : (tensor<2x8xf32>) -> tensor<2x3x3xf32>
  nn.return
}

// -----

// split_dim: the result has the dim as two
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.split_dim %x dim 1 minor 4 : (tensor<2x8xf32>) -> tensor<2x4x2xf32>
  nn.return
}

// -----

// merge_dims: dim and dim + 1 are dims of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{merges dims 1 and 2 of a tensor of 2 dims}}
  %y = nn.merge_dims %x dim 1 : (tensor<2x8xf32>) -> tensor<16xf32>
  nn.return
}

// -----

// merge_dims: the result has the two dims as one
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.merge_dims %x dim 0 : (tensor<2x8xf32>) -> tensor<8x2xf32>
  nn.return
}

// -----

// transpose: the permutation names each dim of x once
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{needs a permutation of the 2 dims of its operand}}
  %y = nn.transpose %x [0, 0] : (tensor<2x8xf32>) -> tensor<2x2xf32>
  nn.return
}

// -----

// transpose: the permutation names all dims of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{needs a permutation of the 2 dims of its operand}}
  %y = nn.transpose %x [0] : (tensor<2x8xf32>) -> tensor<2xf32>
  nn.return
}

// -----

// transpose: the result has the extents in that order
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.transpose %x [1, 0] : (tensor<2x8xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// slice: dim is a dim of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{names dim -1 of a tensor of 2 dims}}
  %y = nn.slice %x dim -1 start 0 size 1 : (tensor<2x8xf32>) -> tensor<2x1xf32>
  nn.return
}

// -----

// slice: the range lies in the dim
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{takes [5, 9) of a dim of 8}}
  %y = nn.slice %x dim 1 start 5 size 4 : (tensor<2x8xf32>) -> tensor<2x4xf32>
  nn.return
}

// -----

// slice: the range is not empty
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{takes [5, 5) of a dim of 8}}
  %y = nn.slice %x dim 1 start 5 size 0 : (tensor<2x8xf32>) -> tensor<2x1xf32>
  nn.return
}

// -----

// slice: the result has size in the dim
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.slice %x dim 1 start 5 size 2 : (tensor<2x8xf32>) -> tensor<2x3xf32>
  nn.return
}

// -----

// concat: there is at least one operand
nn.entry @e outputs [] {
  // expected-error @+1 {{needs at least one operand}}
  %y = "nn.concat"() {dim = 0 : i64} : () -> tensor<2xf32>
  nn.return
}

// -----

// concat: operands have one element type
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x3xf32>
  %b = nn.read @b : tensor<2x4xf64>
  // expected-error @+1 {{needs operands of one element type}}
  %y = nn.concat %a, %b dim 1 : (tensor<2x3xf32>, tensor<2x4xf64>) -> tensor<2x7xf32>
  nn.return
}

// -----

// concat: dim is a dim of the operands
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x3xf32>
  %b = nn.read @b : tensor<2x4xf32>
  // expected-error @+1 {{names dim 2 of a tensor of 2 dims}}
  %y = nn.concat %a, %b dim 2 : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x7xf32>
  nn.return
}

// -----

// concat: operands differ in this dim alone
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x3xf32>
  %b = nn.read @b : tensor<3x4xf32>
  // expected-error @+1 {{needs operands that differ in dim 1 alone}}
  %y = nn.concat %a, %b dim 1 : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x7xf32>
  nn.return
}

// -----

// concat: the result has the sum of their extents
nn.entry @e outputs [] {
  %a = nn.read @a : tensor<2x3xf32>
  %b = nn.read @b : tensor<2x4xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.concat %a, %b dim 1 : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// pad: dim is a dim of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x3xf32>
  // expected-error @+1 {{names dim 2 of a tensor of 2 dims}}
  %y = nn.pad %x dim 2 start 0 : (tensor<2x3xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// pad: operand and result differ in this dim alone
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x3xf32>
  // expected-error @+1 {{needs operand and result that differ in dim 1 alone}}
  %y = nn.pad %x dim 1 start 0 : (tensor<2x3xf32>) -> tensor<3x8xf32>
  nn.return
}

// -----

// pad: the place of x lies in the dim of the result
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x3xf32>
  // expected-error @+1 {{places [6, 9) in a dim of 8}}
  %y = nn.pad %x dim 1 start 6 : (tensor<2x3xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// sum: there is at least one dim
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{names no dims; it needs at least one}}
  %y = nn.sum %x dims [] : (tensor<2x8xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// sum: dims are dims of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{needs dims in ascending order, below 2}}
  %y = nn.sum %x dims [2] : (tensor<2x8xf32>) -> tensor<2xf32>
  nn.return
}

// -----

// sum: dims are ascending
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{needs dims in ascending order, below 2}}
  %y = nn.sum %x dims [1, 0] : (tensor<2x8xf32>) -> tensor<f32>
  nn.return
}

// -----

// sum: dims are leading dims, trailing dims or all of them
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8x4xf32>
  // expected-error @+1 {{leading dims, trailing dims or all of them; transpose first}}
  %y = nn.sum %x dims [1] : (tensor<2x8x4xf32>) -> tensor<2x4xf32>
  nn.return
}

// -----

// sum: the result has the other dims of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.sum %x dims [1] : (tensor<2x8xf32>) -> tensor<8xf32>
  nn.return
}

// -----

// mean: there is at least one dim
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{names no dims; it needs at least one}}
  %y = nn.mean %x dims [] : (tensor<2x8xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// mean: dims are dims of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{needs dims in ascending order, below 2}}
  %y = nn.mean %x dims [2] : (tensor<2x8xf32>) -> tensor<2xf32>
  nn.return
}

// -----

// mean: dims are ascending
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{needs dims in ascending order, below 2}}
  %y = nn.mean %x dims [1, 0] : (tensor<2x8xf32>) -> tensor<f32>
  nn.return
}

// -----

// mean: dims are leading dims, trailing dims or all of them
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8x4xf32>
  // expected-error @+1 {{leading dims, trailing dims or all of them; transpose first}}
  %y = nn.mean %x dims [1] : (tensor<2x8x4xf32>) -> tensor<2x4xf32>
  nn.return
}

// -----

// mean: the result has the other dims of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  // expected-error @+1 {{but its operands and attributes give}}
  %y = nn.mean %x dims [1] : (tensor<2x8xf32>) -> tensor<8xf32>
  nn.return
}

// -----

// broadcast: there is at least one dim
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x8xf32>
  %l = nn.read @l : tensor<2x8xf32>
  // expected-error @+1 {{names no dims; it needs at least one}}
  %y = nn.broadcast %x like %l dims [] : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// broadcast: dims are ascending dims of like
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  %l = nn.read @l : tensor<2x8xf32>
  // expected-error @+1 {{needs dims in ascending order, below 2}}
  %y = nn.broadcast %x like %l dims [2] : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  nn.return
}

// -----

// broadcast: the result has the shape of like
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  %l = nn.read @l : tensor<2x8xf32>
  // expected-error @+1 {{needs a result of the shape of}}
  %y = nn.broadcast %x like %l dims [0] : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<3x8xf32>
  nn.return
}

// -----

// broadcast: the result has the element type of x
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  %l = nn.read @l : tensor<2x8xf32>
  // expected-error @+1 {{needs a result of the shape of}}
  %y = nn.broadcast %x like %l dims [0] : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf64>
  nn.return
}

// -----

// broadcast: x has the dims of the result that dims does not name
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  %l = nn.read @l : tensor<2x8xf32>
  // expected-error @+1 {{needs an operand with the dims of the result that `dims` does not name}}
  %y = nn.broadcast %x like %l dims [1] : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  nn.return
}
