// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: there is at least one layer
// expected-error @+1 {{has 0 layers; it needs at least 1}}
nn.layers @h count 0 {
  nn.block (%x: tensor<8xf32>) -> tensor<8xf32> {
    nn.return %x : tensor<8xf32>
  }
}

// -----

// constraint: the body holds parameters and exactly one block
// expected-error @+1 {{has 0 blocks; it needs exactly one nn.block}}
nn.layers @h count 1 {
  nn.parameter @w : tensor<8xf32> init #nn.init<zeros>
}

// -----

// constraint: the body holds parameters and exactly one block
nn.layers @h count 1 {
  // expected-error @+1 {{is neither a parameter nor the block of the nn.layers it stands in}}
  nn.dim @B = 1
}
