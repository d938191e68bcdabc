// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the region's arguments have the types of the inputs
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

// constraint: it ends in an nn.yield of values of its result types
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  %y = nn.kernel "k" (%a = %x : tensor<8xf32>) -> (tensor<4xf32>) {
    // expected-error @+1 {{gives ('tensor<8xf32>'), but nn.kernel needs ('tensor<4xf32>')}}
    nn.yield %a : tensor<8xf32>
  }
  nn.return
}
