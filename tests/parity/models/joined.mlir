// Two heads of odd widths side by side: classes and masks are numbered across both, whatever pads each needs.
module @joined {
  nn.dim @B = 16
  nn.scalar @lr : tensor<f32> = 0.01
  nn.scalar @seed : tensor<i32> = 0.0 role seed
  nn.scalar @step : tensor<i32> = 0.0 role step
  nn.input @x : tensor<16x24xf32> dims ["B", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.input @y : tensor<16xi32> dims ["B"] default dense<[3, 12, 14, 25, 0, 13, 7, 24, 1, 2, 15, 16, 12, 13, 25, 11]> : tensor<16xi32>
  nn.parameter @hidden : tensor<13x24xf32> init #nn.init<normal, 0.0, 0.5>
  nn.parameter @other : tensor<13x24xf32> init #nn.init<normal, 0.0, 0.5>
  nn.parameter @common : tensor<13x26xf32> init #nn.init<normal, 0.0, 0.5>
  nn.parameter @rare : tensor<13x26xf32> init #nn.init<normal, 0.0, 0.5>
  nn.entry @loss outputs ["loss"] {
    %x = nn.read @x : tensor<16x24xf32>
    %y = nn.read @y : tensor<16xi32>
    %seed = nn.read @seed : tensor<i32>
    %step = nn.read @step : tensor<i32>
    %wh = nn.read @hidden : tensor<13x24xf32>
    %wo = nn.read @other : tensor<13x24xf32>
    %wc = nn.read @common : tensor<13x26xf32>
    %wr = nn.read @rare : tensor<13x26xf32>
    %h = nn.linear %x, %wh : (tensor<16x24xf32>, tensor<13x24xf32>) -> tensor<16x13xf32>
    %o = nn.linear %x, %wo : (tensor<16x24xf32>, tensor<13x24xf32>) -> tensor<16x13xf32>
    %j = nn.concat %h, %o dim 1 : (tensor<16x13xf32>, tensor<16x13xf32>) -> tensor<16x26xf32>
    %d = nn.dropout %j, %seed, %step {p = 0.5 : f64, stream = "d"} : (tensor<16x26xf32>, tensor<i32>, tensor<i32>) -> tensor<16x26xf32>
    %c = nn.linear %d, %wc : (tensor<16x26xf32>, tensor<13x26xf32>) -> tensor<16x13xf32>
    %r = nn.linear %d, %wr : (tensor<16x26xf32>, tensor<13x26xf32>) -> tensor<16x13xf32>
    %l = nn.concat %c, %r dim 1 : (tensor<16x13xf32>, tensor<16x13xf32>) -> tensor<16x26xf32>
    %loss = nn.cross_entropy %l, %y {label_smoothing = 0.1 : f64} : (tensor<16x26xf32>, tensor<16xi32>) -> tensor<f32>
    nn.return %loss : tensor<f32>
  }
  nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
}
