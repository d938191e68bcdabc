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

// -----

// constraint: in_place has pairs of a result and an input
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  // expected-error @+1 {{has an in_place of no pairs (result, input)}}
  %y = nn.kernel "k" (%a = %x : tensor<8xf32>) -> (tensor<8xf32>) attributes {in_place = array<i64: 0, 1>} {
    %b = nn.neg %a : (tensor<8xf32>) -> tensor<8xf32>
    nn.yield %b : tensor<8xf32>
  }
  nn.return
}

// -----

nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  // expected-error @+1 {{has an in_place of no pairs (result, input)}}
  %y = nn.kernel "k" (%a = %x : tensor<8xf32>) -> (tensor<8xf32>) attributes {in_place = array<i64: 0>} {
    %b = nn.neg %a : (tensor<8xf32>) -> tensor<8xf32>
    nn.yield %b : tensor<8xf32>
  }
  nn.return
}

// -----

// constraint: in_place names no result and no input twice
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  // expected-error @+1 {{has an in_place that names a result or an input twice}}
  %y:2 = nn.kernel "k" (%a = %x : tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) attributes {in_place = array<i64: 0, 0, 1, 0>} {
    %b = nn.neg %a : (tensor<8xf32>) -> tensor<8xf32>
    %c = nn.exp %a : (tensor<8xf32>) -> tensor<8xf32>
    nn.yield %b, %c : tensor<8xf32>, tensor<8xf32>
  }
  nn.return
}
