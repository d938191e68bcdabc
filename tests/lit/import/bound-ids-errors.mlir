// RUN: tpc-opt %s --split-input-file --verify-diagnostics --tpc-bound-ids

// Positions fit their table.
nn.input @tokens : tensor<2x8xi32> dims ["", ""]
nn.parameter @wpe : tensor<4x8xf32> init #nn.init<zeros>
nn.entry @e outputs ["x"] {
  %ids = nn.read @tokens : tensor<2x8xi32>
  %i = nn.positions %ids : (tensor<2x8xi32>) -> tensor<2x8xi32>
  %wpe = nn.read @wpe : tensor<4x8xf32>
  // expected-error @+1 {{looks up 8 positions in a table of 4; bind a shorter sequence, or make the table longer}}
  %x = nn.embedding %i, %wpe : (tensor<2x8xi32>, tensor<4x8xf32>) -> tensor<2x8x8xf32>
  nn.return %x : tensor<2x8x8xf32>
}

// -----

// Attributes that say how files look stand where they mean something.
// expected-error @+1 {{nn.bytes must be a unit attribute of an nn.input that a token stream feeds}}
nn.input @tokens : tensor<2x8xi32> dims ["", ""] {nn.bytes}

// -----

// expected-error @+1 {{nn.vocabulary must be a positive i64 of an nn.input}}
nn.input @tokens : tensor<2x8xi32> dims ["", ""] {nn.vocabulary = 0 : i64}

// -----

// expected-error @+1 {{nn.ignored must be an i64 within 32 bits of an nn.input}}
nn.input @labels : tensor<2x8xi32> dims ["", ""] {nn.ignored = 4294967296 : i64}

// -----

nn.parameter @a : tensor<8xf32> init #nn.init<zeros>
// expected-error @+1 {{nn.source must be an #nn.source of an nn.tie}}
nn.tie @b to @a init #nn.init<zeros> {nn.source = "a"}

// -----

// expected-error @+1 {{nn.prefix must be a string of the module, not empty}}
module attributes {nn.prefix = ""} {
}

// -----

// expected-error @+1 {{nn.unused must be an array of patterns of the module, not empty}}
module attributes {nn.unused = [""]} {
}
