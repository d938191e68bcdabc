// RUN: tpc-opt %s --tpc-verify-grad -split-input-file -verify-diagnostics

nn.parameter @w : tensor<3xf32> init #nn.init<ones>
nn.entry @e outputs ["y"] {
  // expected-error @+1 {{has no nn.phase}}
  %w = nn.read @w : tensor<3xf32>
  nn.return %w : tensor<3xf32>
}

// -----

nn.parameter @w : tensor<2x3xf32> init #nn.init<ones>
nn.entry @e outputs ["y"] {
  %w = nn.read @w {nn.phase = "forward"} : tensor<2x3xf32>
  // expected-error @+1 {{is composite; level grad holds primitive ops, see tpc-expand-composites}}
  %y = nn.layer_norm %w {eps = 1.0e-5, nn.phase = "forward"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  nn.return %y : tensor<2x3xf32>
}

// -----

nn.parameter @w : tensor<3x3xf32> init #nn.init<ones>
nn.parameter @b : tensor<3xf32> init #nn.init<ones>
nn.entry @e outputs ["y"] {
  %w = nn.read @w {nn.phase = "forward"} : tensor<3x3xf32>
  %b = nn.read @b {nn.phase = "forward"} : tensor<3xf32>
  // expected-error @+1 {{is composite}}
  %y = nn.linear %w, %w bias %b {nn.phase = "forward"} : (tensor<3x3xf32>, tensor<3x3xf32>, tensor<3xf32>) -> tensor<3x3xf32>
  nn.return %y : tensor<3x3xf32>
}

// -----

nn.parameter @w : tensor<3xf32> init #nn.init<ones>
nn.entry @e outputs ["y"] {
  %w = nn.read @w {nn.phase = "forward"} : tensor<3xf32>
  // expected-error @+1 {{reads @w a second time; see tpc-resolve-reads}}
  %v = nn.read @w {nn.phase = "forward"} : tensor<3xf32>
  nn.return %v : tensor<3xf32>
}

// -----

nn.parameter @w : tensor<3xf32> init #nn.init<ones>
nn.parameter @v : tensor<3xf32> init #nn.init<ones>
nn.entry @e outputs ["y"] {
  %w = nn.read @w {nn.phase = "forward"} : tensor<3xf32>
  nn.write %w, @v {nn.phase = "update"} : tensor<3xf32>
  // expected-error @+1 {{reads @v after it is written}}
  %v = nn.read @v {nn.phase = "forward"} : tensor<3xf32>
  nn.return %v : tensor<3xf32>
}

// -----

nn.parameter @w : tensor<3xf32> init #nn.init<ones>
nn.entry @e outputs ["y"] {
  %w = nn.read @w {nn.phase = "forward"} : tensor<3xf32>
  nn.write %w, @w {nn.phase = "update"} : tensor<3xf32>
  // expected-error @+1 {{writes @w a second time}}
  nn.write %w, @w {nn.phase = "update"} : tensor<3xf32>
  nn.return %w : tensor<3xf32>
}

// -----

nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @w : tensor<f32> init #nn.init<ones>
nn.entry @e outputs ["y"] {
  %w = nn.read @w {nn.phase = "forward"} : tensor<f32>
  nn.return %w : tensor<f32>
}
// expected-error @+1 {{is left at level grad; tpc-build-training makes an entry of it}}
nn.training @train of @e optimizer #nn.sgd<lr = @lr>
