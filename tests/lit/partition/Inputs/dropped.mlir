module {
  tp.mesh @mesh ["tp" = 1]
  nn.input @x : tensor<4x26xf32> dims ["", ""]
  nn.scalar @seed : tensor<i32> = 0.0 role seed
  nn.scalar @step : tensor<i32> = 0.0 role step
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x26xf32>
    %seed = nn.read @seed : tensor<i32>
    %step = nn.read @step : tensor<i32>
    %y = nn.dropout %x, %seed, %step {p = 0.5 : f64, stream = "d"} : (tensor<4x26xf32>, tensor<i32>, tensor<i32>) -> tensor<4x26xf32>
    nn.return %y : tensor<4x26xf32>
  }
}
