// RUN: tpc-opt %s -split-input-file -verify-diagnostics --tpc-verify-local

// expected-error @+1 {{has no tp.mesh; level `local` names one}}
module {
}

// -----

module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<8xf32, #tp.sharding<@mesh, [{"tp"}]>> dims [""]
  nn.entry @forward outputs [] {
    // expected-error @+1 {{types in entries of level `local` carry no sharding}}
    %x = nn.read @x : tensor<8xf32, #tp.sharding<@mesh, [{"tp"}]>>
    nn.return
  }
}

// -----

module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<8xf32, #tp.sharding<@mesh, [{}]>> dims [""]
  nn.entry @forward outputs [] {
    %x = nn.read @x : tensor<8xf32>
    // expected-error @+1 {{is left at level `local`; tpc-partition makes collectives of it}}
    %y = tp.reshard %x why "w" : tensor<8xf32> -> tensor<8xf32>
    nn.return
  }
}
