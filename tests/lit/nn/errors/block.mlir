// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: it takes one tensor
nn.layers @h count 1 {
  // expected-error @+1 {{takes 2 values; a layer takes one, the last layer's result}}
  nn.block (%x: tensor<8xf32>, %z: tensor<8xf32>) -> tensor<8xf32> {
    nn.return %x : tensor<8xf32>
  }
}

// -----

// constraint: it ends in an nn.return of one value of that tensor's type
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
