// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: it takes no arguments
// expected-error @+1 {{takes arguments; it must read inputs by nn.read instead}}
nn.entry @e outputs [] {
^bb0(%x: tensor<8xf32>):
  nn.return
}

// -----

// constraint: it ends in an nn.return of one value per output
// expected-error @+1 {{must end in an nn.return}}
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
}

// -----

// constraint: it ends in an nn.return of one value per output
// expected-error @+1 {{names 1 outputs, but returns 0 values}}
nn.entry @e outputs ["loss"] {
  nn.return
}

// -----

// constraint: the names of the outputs are different and not empty
// expected-error @+1 {{has two outputs, or an output without a name, called "y"}}
nn.entry @e outputs ["y", "y"] {
  %x = nn.read @x : tensor<8xf32>
  nn.return %x, %x : tensor<8xf32>, tensor<8xf32>
}

// -----

// constraint: no scalar output is called "step", "tokens" or "seconds", which a run's log has beside them
// expected-error @+1 {{has a scalar output called "tokens", as a field of a run's log is; give it another name}}
nn.entry @e outputs ["tokens"] {
  %x = nn.read @x : tensor<f32>
  nn.return %x : tensor<f32>
}
