// RUN: tpc-opt %s --split-input-file --verify-diagnostics --tpc-bind-dims="dims=B=6"

// expected-error @+1 {{there is no dim "B" to bind; the model has "batch", "T"}}
module {
  nn.dim @batch = 1
  nn.dim @T = 1
}

// -----

// expected-error @+1 {{there is no dim "B" to bind; the model has none}}
module {
}

// -----

// expected-error @+1 {{is bound, and no input names it, so that nothing would change}}
nn.dim @B = 4
nn.dim @T = 3
nn.input @tokens : tensor<4x3xi32> dims ["", "T"]

// -----

nn.dim @B = 1
// expected-error @+1 {{names dim "T", which the model lacks; declare nn.dim @T = 3}}
nn.input @tokens : tensor<1x3xi32> dims ["B", "T"]

// -----

// expected-note @+1 {{the dim is declared here}}
nn.dim @B = 2
// expected-error @+1 {{has extent 1 where it names dim "B", whose default is 2; write the default's extent}}
nn.input @tokens : tensor<1x3xi32> dims ["B", ""]

// -----

// What does not fit the new extent is an error of the op.
nn.dim @B = 4
nn.input @x : tensor<4x3xf32> dims ["B", ""]
nn.entry @e outputs ["y"] {
  %x = nn.read @x : tensor<4x3xf32>
  // expected-error @+1 {{splits a dim of 6 by 4, which is no divisor of it}}
  %y = nn.split_dim %x dim 0 minor 4 : (tensor<4x3xf32>) -> tensor<1x4x3xf32>
  nn.return %y : tensor<1x4x3xf32>
}

// -----

nn.dim @B = 4
nn.input @x : tensor<4x3xf32> dims ["B", ""]
nn.entry @e outputs ["y"] {
  %x = nn.read @x : tensor<4x3xf32>
  // expected-error @+1 {{names @h, which is no nn.layers}}
  %y = nn.apply @h(%x) : (tensor<4x3xf32>) -> tensor<4x3xf32>
  nn.return %y : tensor<4x3xf32>
}
