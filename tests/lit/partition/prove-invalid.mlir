// RUN: tpc-opt %s -split-input-file -verify-diagnostics --tpc-prove="global=%S/Inputs/mlp.mlir"

// The local program of Inputs/mlp.mlir, and small mistakes in it.

// The right program.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// No collective.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    // expected-error @+1 {{nn.relu is not allowed on these placements: operand 0 is partial(sum) on axis "tp", but the op is not linear in it}}
    %y = nn.relu %p : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// The collective twice.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    // expected-error @+1 {{expects its operand to be partial(sum) on axis "tp", but it is replicated}}
    %q = tp.all_reduce sum %r on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %q : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// A sum is no split that moves.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    // expected-error @+1 {{expects its operand to be split(1) on axis "tp", but it is partial(sum)}}
    %q = tp.all_to_all %p from 1 to 0 on "tp" why "nn.relu takes rows" : (tensor<4x8xf32>) -> tensor<2x16xf32>
    %y = nn.relu %q : (tensor<2x16xf32>) -> tensor<2x16xf32>
    nn.return %y : tensor<2x16xf32>
  }
}

// -----

// Another reduction.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    // expected-error @+1 {{expects its operand to be partial(max) on axis "tp", but it is partial(sum)}}
    %r = tp.all_reduce max %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// Another axis.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    // expected-error @+1 {{expects its operand to be partial(sum) on axis "dp", but it is replicated}}
    %r = tp.all_reduce sum %p on "dp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// A collective that nothing uses.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    // expected-error @+1 {{changes a value that nothing uses}}
    %q = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// No mask: exp makes the pads to ones.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    // expected-error-re @+1 {{nn.linear (proj) sums over the pads of factor "{{[a-z]+}}" in operand 0 ([{}, {7:8 "tp"}]), which may not be zero; mask them first}}
    %p = nn.linear %a, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// A mask with another logical extent.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    // expected-error @+1 {{finds no padded factor of logical extent 6}}
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 6 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// A mask with the offset of another axis.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "dp"
    // expected-error @+1 {{has another offset than that of the rank on the factor 7:8 of dim 1}}
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// A mask that fills pads with another number.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    // expected-error-re @+1 {{fills pads with {{1.*}}; what is needed are zeros}}
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 1.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// A mask of zeros: linear makes zeros of zeros.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    // expected-error @+1 {{masks pads of dim 1 that are zero already}}
    %m = tp.mask %h at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %b = nn.exp %m {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %p = nn.linear %b, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// An operand exchanged.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    // expected-error @+1 {{takes as operand 0 another value than the global program does: @w1 instead of @x}}
    %h = nn.linear %w1, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// An op left out.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    // expected-error @+1 {{nn.linear (proj) stands where the global program has nn.exp (fc)}}
    %p = nn.linear %h, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// An op too many.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    // expected-error @+1 {{nn.relu stands where the global program has nn.return}}
    %z = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// Another attribute.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    // expected-error @+1 {{has another attribute `nn.scope` than the op that it stands for: expected "fc", found "fb"}}
    %h = nn.linear %x, %w1 {nn.scope = "fb"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// A partial output.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{"dp"}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<2x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<2x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<2x4xf32>) -> tensor<2x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<2x4xf32> -> tensor<2x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<2x4xf32>, tensor<8x4xf32>) -> tensor<2x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<2x8xf32>) -> tensor<2x8xf32>
    %y = nn.relu %r : (tensor<2x8xf32>) -> tensor<2x8xf32>
    // expected-error @+1 {{returns output 0 as [{"dp"}, {}]; every rank returns all of it}}
    nn.return %y : tensor<2x8xf32>
  }
}

// -----

// A type that is not that of the sharding.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    // expected-error @+1 {{has a result of type 'tensor<7x8xf32>', expected the shape 'tensor<4x8xf32>' of [{7:8 "tp"}, {}]}}
    %w1 = nn.read @w1 : tensor<7x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    nn.return %x : tensor<4x8xf32>
  }
}

// -----

// Rounded on the wire: right.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %n = nn.cast %p {tp.wire} : (tensor<4x8xf32>) -> tensor<4x8xbf16>
    %s = tp.all_reduce sum %n on "tp" why "nn.relu is not linear" : (tensor<4x8xbf16>) -> tensor<4x8xbf16>
    %r = nn.cast %s {tp.wire} : (tensor<4x8xbf16>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// Rounded where nothing travels.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %p on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    // expected-error @+1 {{nn.cast is no op of the global program, and rounds a value that does not go straight to a collective}}
    %n = nn.cast %r {tp.wire} : (tensor<4x8xf32>) -> tensor<4x8xbf16>
    %w = nn.cast %n {tp.wire} : (tensor<4x8xbf16>) -> tensor<4x8xf32>
    %y = nn.relu %w : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// A cast that does not say that it is for the wire.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    // expected-error @+1 {{nn.cast stands where the global program has nn.relu}}
    %n = nn.cast %p : (tensor<4x8xf32>) -> tensor<4x8xbf16>
    %s = tp.all_reduce sum %n on "tp" why "nn.relu is not linear" : (tensor<4x8xbf16>) -> tensor<4x8xbf16>
    %r = nn.cast %s : (tensor<4x8xbf16>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// Rounded to another type than the wire's.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    // expected-error @+1 {{nn.cast is no op of the global program, and rounds a value that does not go straight to a collective}}
    %n = nn.cast %p {tp.wire, tf32} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %r = tp.all_reduce sum %n on "tp" why "nn.relu is not linear" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = nn.relu %r : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

// Left narrow for the op that reads it.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w1 = nn.read @w1 : tensor<4x8xf32>
    %w2 = nn.read @w2 : tensor<8x4xf32>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %o = tp.offset 4 on "tp"
    %m = tp.mask %a at %o dim 1 minor 1 extent 4 logical 7 fill 0.0 : tensor<4x4xf32> -> tensor<4x4xf32>
    %p = nn.linear %m, %w2 {nn.scope = "proj"} : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<4x8xf32>
    %n = nn.cast %p {tp.wire} : (tensor<4x8xf32>) -> tensor<4x8xbf16>
    %r = tp.all_reduce sum %n on "tp" why "nn.relu is not linear" : (tensor<4x8xbf16>) -> tensor<4x8xbf16>
    // expected-error @+1 {{nn.relu takes operand 0 as 'bf16', but the global program does as 'f32'}}
    %z = nn.relu %r : (tensor<4x8xbf16>) -> tensor<4x8xbf16>
    %y = nn.cast %z {tp.wire} : (tensor<4x8xbf16>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}
