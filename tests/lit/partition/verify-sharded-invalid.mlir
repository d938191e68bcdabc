// RUN: tpc-opt %s -split-input-file -verify-diagnostics --tpc-verify-sharded

// expected-error @+1 {{has no tp.mesh; level `sharded` names one}}
module {
}

// -----

module {
  tp.mesh @mesh ["tp" = 2]
  // expected-error @+1 {{has the type 'tensor<8xf32>' without a sharding; level `sharded` has one on every tensor}}
  nn.input @x : tensor<8xf32> dims [""]
}

// -----

module {
  tp.mesh @mesh ["tp" = 2]
  // expected-error @+1 {{is declared with a wrong sharding: dim 0: axis number 1 is not in the mesh (tp=2)}}
  nn.input @x : tensor<8xf32, #tp.sharding<@mesh, [{"dp"}]>> dims [""]
}

// -----

module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<8xf32, #tp.sharding<@mesh, [{}]>> dims [""]
  nn.entry @forward outputs [] {
    // expected-error @+1 {{has the type 'tensor<8xf32>' without a sharding; level `sharded` has one on every tensor}}
    %x = nn.read @x : tensor<8xf32>
    nn.return
  }
}

// -----

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
