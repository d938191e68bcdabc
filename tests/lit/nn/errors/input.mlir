// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: `dims` has one name, or "", for each axis of the tensor
// expected-error @+1 {{names 1 dims, but its tensor has 2; use "" for a fixed size}}
nn.input @x : tensor<1x8xf32> dims ["B"]

// -----

// constraint: only an i32 tensor with a last dim can be fed from a token stream
// expected-error @+1 {{is fed from a token stream, so it must be an i32 tensor of at least one dim}}
nn.input @x : tensor<8xf32> dims [""] feed #nn.tokens<>

// -----

// constraint: only an i32 tensor with a last dim can be fed from a token stream
// expected-error @+1 {{is fed from a token stream, so it must be an i32 tensor of at least one dim}}
nn.input @x : tensor<i32> dims [] feed #nn.tokens<>

// -----

// constraint: the default value has the input's type
// expected-error @+1 {{has a default value of type 'tensor<2xi32>', but is of type 'tensor<3xi32>'}}
nn.input @x : tensor<3xi32> dims [""] default dense<0> : tensor<2xi32>

// -----

// constraint: the default is a value or a draw, not both
// expected-error @+1 {{has a default value and a default draw; drop one of them}}
nn.input @x : tensor<3xf32> dims [""] default dense<0.0> : tensor<3xf32> draw #nn.init<ones>
