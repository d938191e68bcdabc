// RUN: tpc-opt %s --split-input-file --verify-diagnostics

// #nn.init: the standard deviation of `normal` is not negative
// expected-error @+1 {{the standard deviation of a normal draw must not be negative, it is -1}}
nn.parameter @a : tensor<8xf32> init #nn.init<normal, 0.0, -1.0>

// -----

// #nn.init: the range of `uniform` is not empty
// expected-error @+1 {{a uniform draw needs a range [low, high) with low < high, not [1.000000e+00, 1.000000e+00)}}
nn.parameter @a : tensor<8xf32> init #nn.init<uniform, 1.0, 1.0>

// -----

// expected-error @+1 {{there is no initialiser "xavier"; use zeros, ones, constant, normal or uniform}}
nn.parameter @a : tensor<8xf32> init #nn.init<xavier>

// -----

// #nn.source: the name of the tensor is not empty
// expected-error @+1 {{a source needs the name of a checkpoint's tensor}}
nn.parameter @a : tensor<8xf32> init #nn.init<zeros> source #nn.source<"">

// -----

// #nn.source: the slice is not empty
// expected-error @+1 {{a source slice needs a start of at least 0 and a size of at least 1, not [0, 0]}}
nn.parameter @a : tensor<8xf32> init #nn.init<zeros> source #nn.source<"a", slice = 0 [0, 0]>

// -----

// nn.dim: the size is positive
// expected-error @+1 {{has size 0; a dim needs at least 1}}
nn.dim @B = 0

// -----

// nn.input: one name for each axis
// expected-error @+1 {{names 1 dims, but its tensor has 2; use "" for a fixed size}}
nn.input @x : tensor<1x8xf32> dims ["B"]

// -----

// nn.input: only an i32 tensor can be fed from a token stream
// expected-error @+1 {{is fed from a token stream, so it must be an i32 tensor of at least one dim}}
nn.input @x : tensor<8xf32> dims [""] feed #nn.tokens<>

// -----

// nn.input: only a tensor with a last dim can be fed from a token stream
// expected-error @+1 {{is fed from a token stream, so it must be an i32 tensor of at least one dim}}
nn.input @x : tensor<i32> dims [] feed #nn.tokens<>

// -----

// nn.input: the default value has the input's type
// expected-error @+1 {{has a default value of type 'tensor<2xi32>', but is of type 'tensor<3xi32>'}}
nn.input @x : tensor<3xi32> dims [""] default dense<0> : tensor<2xi32>

// -----

// nn.input: the default is a value or a draw
// expected-error @+1 {{has a default value and a default draw; drop one of them}}
nn.input @x : tensor<3xf32> dims [""] default dense<0.0> : tensor<3xf32> draw #nn.init<ones>

// -----

// nn.scalar: the tensor is 0-d
// expected-error @+1 {{must be a 0-d tensor}}
nn.scalar @lr : tensor<1xf32> = 0.01

// -----

// nn.scalar: the step number and the seed are tensor<i32>
// expected-error @+1 {{has role step, so it must be a tensor<i32>}}
nn.scalar @step : tensor<f32> = 0.0 role step

// -----

// nn.parameter: a source slice has the parameter's extent in its dim
// expected-error @+1 {{takes 4 indices of dim 1 of its source, but its dim 0 has 8}}
nn.parameter @a : tensor<8x2xf32> init #nn.init<zeros> source #nn.source<"a", slice = 1 [0, 4], transpose>

// -----

// nn.parameter: a source slice has a dim of the parameter
// expected-error @+1 {{slices dim 2 of its source, but has 2 dims}}
nn.parameter @a : tensor<8x2xf32> init #nn.init<zeros> source #nn.source<"a", slice = 2 [0, 4]>

// -----

// nn.parameter: only a 2-d source is transposed
// expected-error @+1 {{transposes its source, so it must be 2-d}}
nn.parameter @a : tensor<8xf32> init #nn.init<zeros> source #nn.source<"a", transpose>

// -----

// nn.layers: there is at least one layer
// expected-error @+1 {{has 0 layers; it needs at least 1}}
nn.layers @h count 0 {
  nn.block (%x: tensor<8xf32>) -> tensor<8xf32> {
    nn.return %x : tensor<8xf32>
  }
}

// -----

// nn.layers: the body holds exactly one block
// expected-error @+1 {{has 0 blocks; it needs exactly one nn.block}}
nn.layers @h count 1 {
  nn.parameter @w : tensor<8xf32> init #nn.init<zeros>
}

// -----

// nn.layers: the body holds parameters and a block alone
nn.layers @h count 1 {
  // expected-error @+1 {{is neither a parameter nor the block of the nn.layers it stands in}}
  nn.dim @B = 1
}

// -----

// nn.block: it takes one tensor
nn.layers @h count 1 {
  // expected-error @+1 {{takes 2 values; a layer takes one, the last layer's result}}
  nn.block (%x: tensor<8xf32>, %z: tensor<8xf32>) -> tensor<8xf32> {
    nn.return %x : tensor<8xf32>
  }
}

// -----

// nn.block: it returns a value of that type
nn.layers @h count 1 {
  nn.block (%x: tensor<8xf32>) -> tensor<4xf32> {
    %y = nn.slice %x dim 0 start 0 size 4 : (tensor<8xf32>) -> tensor<4xf32>
    // expected-error @+1 {{gives ('tensor<4xf32>'), but nn.block needs ('tensor<8xf32>')}}
    nn.return %y : tensor<4xf32>
  }
}

// -----

nn.layers @h count 1 {
  // expected-error @+1 {{the block is written to give ('tensor<4xf32>'), but returns ('tensor<8xf32>')}}
  nn.block (%x: tensor<8xf32>) -> tensor<4xf32> {
    nn.return %x : tensor<8xf32>
  }
}

// -----

// nn.apply: result and input have the same type
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  // expected-error @+1 {{takes 'tensor<8xf32>' and gives 'tensor<4xf32>'; layers keep the type}}
  %y = nn.apply @h(%x) : (tensor<8xf32>) -> tensor<4xf32>
  nn.return
}

// -----

// nn.scope: the path is not empty
nn.entry @e outputs [] {
  // expected-error @+1 {{has an empty path}}
  nn.scope "" {
    nn.yield
  }
  nn.return
}

// -----

// nn.scope: it ends in an nn.yield of values of its result types
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  %y = nn.scope "a" -> tensor<4xf32> {
    // expected-error @+1 {{gives ('tensor<8xf32>'), but nn.scope needs ('tensor<4xf32>')}}
    nn.yield %x : tensor<8xf32>
  }
  nn.return
}

// -----

// nn.entry: it takes no arguments
// expected-error @+1 {{takes arguments; it must read inputs by nn.read instead}}
nn.entry @e outputs [] {
^bb0(%x: tensor<8xf32>):
  nn.return
}

// -----

// nn.entry: it ends in an nn.return
// expected-error @+1 {{must end in an nn.return}}
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
}

// -----

// nn.entry: one value per output
// expected-error @+1 {{names 1 outputs, but returns 0 values}}
nn.entry @e outputs ["loss"] {
  nn.return
}

// -----

// nn.entry: the names of the outputs are different
// expected-error @+1 {{has two outputs, or an output without a name, called "y"}}
nn.entry @e outputs ["y", "y"] {
  %x = nn.read @x : tensor<8xf32>
  nn.return %x, %x : tensor<8xf32>, tensor<8xf32>
}

// -----

// nn.training: the optimizer is #nn.sgd or #nn.adam
// expected-error @+1 {{needs an #nn.sgd or #nn.adam as its optimizer}}
nn.training @train of @loss optimizer "adam"

// -----

// nn.training: the norm to clip to is positive
// expected-error @+1 {{clips to the norm 0.000000e+00, which is not positive}}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr> clip_norm 0.0

// -----

// nn.training: `groups` holds #nn.group attributes
// expected-error @+1 {{needs #nn.group attributes as its groups, not "*.bias"}}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr> groups ["*.bias"]

// -----

// nn.kernel: the region's arguments have the types of the inputs
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  // expected-error @+1 {{has inputs ('tensor<8xf32>'), but its region takes ('tensor<4xf32>')}}
  "nn.kernel"(%x) ({
  ^bb0(%a: tensor<4xf32>):
    "nn.yield"() : () -> ()
  }) {name = "k"} : (tensor<8xf32>) -> ()
  nn.return
}

// -----

// nn.kernel: it ends in an nn.yield of values of its result types
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  %y = nn.kernel "k" (%a = %x : tensor<8xf32>) -> (tensor<4xf32>) {
    // expected-error @+1 {{gives ('tensor<8xf32>'), but nn.kernel needs ('tensor<4xf32>')}}
    nn.yield %a : tensor<8xf32>
  }
  nn.return
}

// -----

// Types are static.
// expected-error @+1 {{failed to satisfy constraint}}
nn.parameter @a : tensor<?xf32> init #nn.init<zeros>

// -----

// expected-error @+1 {{nn.phase must be "forward", "backward" or "update"}}
nn.dim @B = 1 {nn.phase = "sideways"}

// -----

// expected-error @+1 {{nn.scope must be a string}}
nn.dim @B = 1 {nn.scope = 3}

// -----

// expected-error @+1 {{there is no attribute nn.colour on ops}}
nn.dim @B = 1 {nn.colour = "red"}
