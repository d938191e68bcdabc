// RUN: tpc-opt %s -split-input-file -verify-diagnostics --tpc-prove="global=%S/Inputs/dropped.mlir"

// A mask is drawn by the numbers of elements: pads behind them change nothing.
module {
  tp.mesh @mesh ["tp" = 1]
  nn.input @x : tensor<4x26xf32, #tp.sharding<@mesh, [{}, {26:32}]>> dims ["", ""]
  nn.scalar @seed : tensor<i32> = 0.0 role seed
  nn.scalar @step : tensor<i32> = 0.0 role step
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x32xf32>
    %seed = nn.read @seed : tensor<i32>
    %step = nn.read @step : tensor<i32>
    %p = nn.dropout %x, %seed, %step {p = 0.5 : f64, stream = "d"} : (tensor<4x32xf32>, tensor<i32>, tensor<i32>) -> tensor<4x32xf32>
    %y = nn.slice %p dim 1 start 0 size 26 : (tensor<4x32xf32>) -> tensor<4x26xf32>
    nn.return %y : tensor<4x26xf32>
  }
}

// -----

// Pads between them give all that follow other numbers.
module {
  tp.mesh @mesh ["tp" = 1]
  nn.input @x : tensor<4x26xf32, #tp.sharding<@mesh, [{}, {2, 13:16}]>> dims ["", ""]
  nn.scalar @seed : tensor<i32> = 0.0 role seed
  nn.scalar @step : tensor<i32> = 0.0 role step
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x32xf32>
    %seed = nn.read @seed : tensor<i32>
    %step = nn.read @step : tensor<i32>
    // expected-error @+1 {{numbers the indices of factor "d1", between which there are pads}}
    %p = nn.dropout %x, %seed, %step {p = 0.5 : f64, stream = "d"} : (tensor<4x32xf32>, tensor<i32>, tensor<i32>) -> tensor<4x32xf32>
    %y = nn.slice %p dim 1 start 0 size 26 : (tensor<4x32xf32>) -> tensor<4x26xf32>
    nn.return %y : tensor<4x26xf32>
  }
}
