// RUN: tpc-opt %s -tpc-verify-scheduled -split-input-file -verify-diagnostics

nn.input @x : tensor<4xf32> dims [""]
nn.entry @forward outputs ["y"] {
  %x = nn.read @x : tensor<4xf32>
  // expected-error @+1 {{is neither a kernel, a library call, a collective nor a slice}}
  %y = nn.neg %x : (tensor<4xf32>) -> tensor<4xf32>
  nn.return %y : tensor<4xf32>
}

// -----

nn.input @x : tensor<4x4xf32> dims ["", ""]
nn.parameter @w : tensor<4x4xf32> init #nn.init<zeros>
nn.entry @train outputs ["y"] {
  %x = nn.read @x : tensor<4x4xf32>
  %w = nn.read @w : tensor<4x4xf32>
  %g = nn.linear %x, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  nn.write %g, @w : tensor<4x4xf32>
  // expected-error @+1 {{uses the value of 'w' from before its write, and stands behind the write}}
  %y = nn.linear %x, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  nn.return %y : tensor<4x4xf32>
}

// -----

tp.mesh @mesh ["tp" = 2]
nn.input @x : tensor<4x4xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
nn.entry @forward outputs ["y"] {
  // expected-error @+1 {{has a type with a sharding: types are local from level `local` on}}
  %x = nn.read @x : tensor<4x4xf32, #tp.sharding<@mesh, [{}, {}]>>
  nn.return %x : tensor<4x4xf32, #tp.sharding<@mesh, [{}, {}]>>
}

// -----

nn.input @x : tensor<4x4xf32> dims ["", ""]
nn.entry @forward outputs ["y"] {
  %x = nn.read @x : tensor<4x4xf32>
  // expected-error @+1 {{has a stream: collectives alone have one, and it is number 1}}
  %y = nn.linear %x, %x {tp.stream = 1 : i64} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  nn.return %y : tensor<4x4xf32>
}

// -----

tp.mesh @mesh ["tp" = 2]
nn.input @x : tensor<4xf32> dims [""]
nn.entry @forward outputs ["y"] {
  %x = nn.read @x : tensor<4xf32>
  // expected-error @+1 {{has a stream: collectives alone have one, and it is number 1}}
  %y = tp.all_reduce sum %x on "tp" why "test" {tp.stream = 2 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  nn.return %y : tensor<4xf32>
}
