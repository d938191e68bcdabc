// RUN: tpc-opt %s --split-input-file --verify-diagnostics --tpc-unroll-layers

// expected-note @+1 {{the other one is here}}
nn.parameter @h.0.w : tensor<8xf32> init #nn.init<ones>
nn.layers @h count 2 {
  // expected-error @+1 {{is called "h.0.w" in layer 0, as another declaration}}
  nn.parameter @w : tensor<8xf32> init #nn.init<ones>
  nn.block (%x: tensor<8xf32>) -> tensor<8xf32> {
    nn.return %x : tensor<8xf32>
  }
}

// -----

nn.entry @e outputs ["y"] {
  %x = nn.read @x : tensor<8xf32>
  // expected-error @+1 {{names @h, which is no nn.layers}}
  %y = nn.apply @h(%x) : (tensor<8xf32>) -> tensor<8xf32>
  nn.return %y : tensor<8xf32>
}

// -----

nn.layers @g count 2 {
  nn.block (%x: tensor<8xf32>) -> tensor<8xf32> {
    nn.return %x : tensor<8xf32>
  }
}
nn.layers @h count 2 {
  nn.block (%x: tensor<8xf32>) -> tensor<8xf32> {
    // expected-error @+1 {{stands in a layer; layers hold no other layers}}
    %y = nn.apply @g(%x) : (tensor<8xf32>) -> tensor<8xf32>
    nn.return %y : tensor<8xf32>
  }
}

// -----

// A number of layers that no model has.
// expected-error @+1 {{has 4294967296 layers; at most 10000 are written out}}
nn.layers @h count 4294967296 {
  nn.block (%x: tensor<8xf32>) -> tensor<8xf32> {
    nn.return %x : tensor<8xf32>
  }
}
