// RUN: tpc-opt %s -split-input-file -verify-diagnostics --tpc-partition

// expected-error @+1 {{has no tp.mesh; partitioning takes a module at level `sharded`}}
module {
}

// -----

// A sharding that has no layout on the mesh.
module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<7xf32, #tp.sharding<@mesh, [{"tp"}]>> dims [""]
  nn.entry @forward outputs [] {
    // expected-error @+1 {{the sharding of its result is wrong: dim 0: the padded size 7 is not a multiple of the 2 ranks along "tp"}}
    %x = nn.read @x : tensor<7xf32, #tp.sharding<@mesh, [{"tp"}]>>
    nn.return
  }
}

// -----

// Operands that disagree.
module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<8xf32, #tp.sharding<@mesh, [{"tp"}]>> dims [""]
  nn.input @y : tensor<8xf32, #tp.sharding<@mesh, [{}]>> dims [""]
  nn.entry @forward outputs [] {
    %x = nn.read @x : tensor<8xf32, #tp.sharding<@mesh, [{"tp"}]>>
    %y = nn.read @y : tensor<8xf32, #tp.sharding<@mesh, [{}]>>
    // expected-error @+1 {{has no local form: axis "tp" splits factor "d0" in operand 0 but not in operand 1}}
    %z = nn.mul %x, %y : (tensor<8xf32, #tp.sharding<@mesh, [{"tp"}]>>, tensor<8xf32, #tp.sharding<@mesh, [{}]>>) -> tensor<8xf32, #tp.sharding<@mesh, [{"tp"}]>>
    nn.return
  }
}

// -----

// A type that is not what the rule makes.
module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<8xf32, #tp.sharding<@mesh, [{"tp"}]>> dims [""]
  nn.entry @forward outputs [] {
    %x = nn.read @x : tensor<8xf32, #tp.sharding<@mesh, [{"tp"}]>>
    // expected-error @+1 {{its type says that result 0 is [{}], its rule makes it [{"tp"}]}}
    %z = nn.exp %x : (tensor<8xf32, #tp.sharding<@mesh, [{"tp"}]>>) -> tensor<8xf32, #tp.sharding<@mesh, [{}]>>
    nn.return
  }
}

// -----

// A value does not become partial.
module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<8xf32, #tp.sharding<@mesh, [{}]>> dims [""]
  nn.entry @forward outputs [] {
    %x = nn.read @x : tensor<8xf32, #tp.sharding<@mesh, [{}]>>
    // expected-error @+1 {{has no local form on axis "tp": from [{}] to [{}], partial = {"tp"}: a value does not become partial}}
    %z = tp.reshard %x why "w" : tensor<8xf32, #tp.sharding<@mesh, [{}]>> -> tensor<8xf32, #tp.sharding<@mesh, [{}], partial = {"tp"}>>
    nn.return
  }
}

// -----

// Integers are not padded.
module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<8x7xi32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.entry @forward outputs [] {
    %x = nn.read @x : tensor<8x7xi32, #tp.sharding<@mesh, [{}, {}]>>
    // expected-error @+1 {{would pad dim 1 of integers; only floats are padded}}
    %z = tp.reshard %x why "w" : tensor<8x7xi32, #tp.sharding<@mesh, [{}, {}]>> -> tensor<8x7xi32, #tp.sharding<@mesh, [{}, {7:8}]>>
    nn.return
  }
}

// -----

// An op that needs the rank's place on a factor which two axes split.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @ids : tensor<4xi32, #tp.sharding<@mesh, [{}]>> dims [""]
  nn.parameter @wte : tensor<8x6xf32, #tp.sharding<@mesh, [{"dp" "tp"}, {}]>> init #nn.init<zeros>
  nn.entry @forward outputs [] {
    %ids = nn.read @ids : tensor<4xi32, #tp.sharding<@mesh, [{}]>>
    %wte = nn.read @wte : tensor<8x6xf32, #tp.sharding<@mesh, [{"dp" "tp"}, {}]>>
    // expected-error @+1 {{it needs the rank's place on a factor that 2 axes split; split it by one}}
    %y = nn.embedding %ids, %wte : (tensor<4xi32, #tp.sharding<@mesh, [{}]>>, tensor<8x6xf32, #tp.sharding<@mesh, [{"dp" "tp"}, {}]>>) -> tensor<4x6xf32, #tp.sharding<@mesh, [{}, {}], partial = {"dp", "tp"}>>
    nn.return
  }
}

// -----

// A composite op has no rule.
module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<8xf32, #tp.sharding<@mesh, [{}]>> dims [""]
  nn.entry @forward outputs [] {
    %x = nn.read @x : tensor<8xf32, #tp.sharding<@mesh, [{}]>>
    // expected-error @+1 {{has no sharding rule, so it has no local form; give it getShardingRule in its file under dialects/nn}}
    %y = nn.mean %x dims [0] : (tensor<8xf32, #tp.sharding<@mesh, [{}]>>) -> tensor<f32, #tp.sharding<@mesh, []>>
    nn.return
  }
}

// -----

// The proof: nothing partial is kept for the backward phase, even for a linear op.
module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<8x4xf32, #tp.sharding<@mesh, [{"tp"}, {}]>> dims ["", ""]
  nn.entry @forward outputs [] {
    %x = nn.read @x {nn.phase = "forward"} : tensor<8x4xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %p = nn.sum %x dims [0] {nn.phase = "forward"} : (tensor<8x4xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>) -> tensor<4xf32, #tp.sharding<@mesh, [{}], partial = {"tp"}>>
    // expected-error @+1 {{takes operand 0 from the forward phase while it is [{}], partial = {"tp"}; reduce it before it is kept}}
    %s = nn.scale %p {factor = 2.0, nn.phase = "backward"} : (tensor<4xf32, #tp.sharding<@mesh, [{}], partial = {"tp"}>>) -> tensor<4xf32, #tp.sharding<@mesh, [{}], partial = {"tp"}>>
    nn.return
  }
}

// -----

// The proof: what is written is held as declared.
module {
  tp.mesh @mesh ["tp" = 2]
  nn.parameter @p : tensor<8xf32, #tp.sharding<@mesh, [{}]>> init #nn.init<zeros>
  nn.parameter @q : tensor<8xf32, #tp.sharding<@mesh, [{"tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs [] {
    %p = nn.read @p : tensor<8xf32, #tp.sharding<@mesh, [{}]>>
    // expected-error @+1 {{writes a value that is [{}], but @q is held as [{"tp"}]}}
    nn.write %p, @q : tensor<8xf32, #tp.sharding<@mesh, [{}]>>
    nn.return
  }
}

// -----

// The proof: outputs are replicated.
module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<8x4xf32, #tp.sharding<@mesh, [{"tp"}, {}]>> dims ["", ""]
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<8x4xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %p = nn.sum %x dims [0] : (tensor<8x4xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>) -> tensor<4xf32, #tp.sharding<@mesh, [{}], partial = {"tp"}>>
    // expected-error @+1 {{returns output 0 as [{}], partial = {"tp"}; every rank returns all of it}}
    nn.return %p : tensor<4xf32, #tp.sharding<@mesh, [{}], partial = {"tp"}>>
  }
}
