// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the path is not empty
nn.entry @e outputs [] {
  // expected-error @+1 {{has an empty path}}
  nn.scope "" {
    nn.yield
  }
  nn.return
}

// -----

// constraint: it ends in an nn.yield of values of its result types
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  %y = nn.scope "a" -> tensor<4xf32> {
    // expected-error @+1 {{gives ('tensor<8xf32>'), but nn.scope needs ('tensor<4xf32>')}}
    nn.yield %x : tensor<8xf32>
  }
  nn.return
}
