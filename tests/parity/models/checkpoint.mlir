// What a checkpoint must keep: an odd vocabulary and heads that are padded, one kv head that is replicated, tied
// embeddings, biases, dropout, clipping, and Adam's states.

module @checkpoint {
  nn.dim @B = 4

  nn.input @tokens : tensor<4x6xi32> dims ["B", ""] feed #nn.tokens<>
  nn.input @labels : tensor<4x6xi32> dims ["B", ""] feed #nn.tokens<shift = 1, tail = -100>
  nn.scalar @lr : tensor<f32> = 0.01
  nn.scalar @step : tensor<i32> = 0.0 role step
  nn.scalar @seed : tensor<i32> = 0.0 role seed

  nn.parameter @wte : tensor<53x24xf32> init #nn.init<normal, 0.0, 0.3>

  nn.layers @h count 2 {
    nn.parameter @norm.weight : tensor<24xf32> init #nn.init<ones>
    nn.parameter @q.weight : tensor<24x24xf32> init #nn.init<normal, 0.0, 0.2>
    nn.parameter @q.bias : tensor<24xf32> init #nn.init<normal, 0.0, 0.2>
    nn.parameter @k.weight : tensor<8x24xf32> init #nn.init<normal, 0.0, 0.2>
    nn.parameter @v.weight : tensor<8x24xf32> init #nn.init<normal, 0.0, 0.2>
    nn.parameter @o.weight : tensor<24x24xf32> init #nn.init<normal, 0.0, 0.2>
    nn.parameter @fc.weight : tensor<30x24xf32> init #nn.init<normal, 0.0, 0.2>
    nn.parameter @proj.weight : tensor<24x30xf32> init #nn.init<normal, 0.0, 0.2>

    nn.block (%x: tensor<4x6x24xf32>) -> tensor<4x6x24xf32> {
      %nw = nn.read @norm.weight : tensor<24xf32>
      %n = nn.rms_norm %x weight %nw {eps = 1.0e-5 : f64} : (tensor<4x6x24xf32>, tensor<24xf32>) -> tensor<4x6x24xf32>
      %qw = nn.read @q.weight : tensor<24x24xf32>
      %qb = nn.read @q.bias : tensor<24xf32>
      %q2 = nn.linear %n, %qw bias %qb : (tensor<4x6x24xf32>, tensor<24x24xf32>, tensor<24xf32>) -> tensor<4x6x24xf32>
      %kw = nn.read @k.weight : tensor<8x24xf32>
      %k2 = nn.linear %n, %kw : (tensor<4x6x24xf32>, tensor<8x24xf32>) -> tensor<4x6x8xf32>
      %vw = nn.read @v.weight : tensor<8x24xf32>
      %v2 = nn.linear %n, %vw : (tensor<4x6x24xf32>, tensor<8x24xf32>) -> tensor<4x6x8xf32>
      %q = nn.split_dim %q2 dim 2 minor 8 : (tensor<4x6x24xf32>) -> tensor<4x6x3x8xf32>
      %k = nn.split_dim %k2 dim 2 minor 8 : (tensor<4x6x8xf32>) -> tensor<4x6x1x8xf32>
      %v = nn.split_dim %v2 dim 2 minor 8 : (tensor<4x6x8xf32>) -> tensor<4x6x1x8xf32>
      %a4 = nn.attention %q, %k, %v {causal = true} : (tensor<4x6x3x8xf32>, tensor<4x6x1x8xf32>, tensor<4x6x1x8xf32>) -> tensor<4x6x3x8xf32>
      %a2 = nn.merge_dims %a4 dim 2 : (tensor<4x6x3x8xf32>) -> tensor<4x6x24xf32>
      %ow = nn.read @o.weight : tensor<24x24xf32>
      %o = nn.linear %a2, %ow : (tensor<4x6x24xf32>, tensor<24x24xf32>) -> tensor<4x6x24xf32>
      %step = nn.read @step : tensor<i32>
      %seed = nn.read @seed : tensor<i32>
      %od = nn.dropout %o, %seed, %step {p = 0.1 : f64, stream = "attention"} : (tensor<4x6x24xf32>, tensor<i32>, tensor<i32>) -> tensor<4x6x24xf32>
      %x1 = nn.add %x, %od : (tensor<4x6x24xf32>, tensor<4x6x24xf32>) -> tensor<4x6x24xf32>
      %fw = nn.read @fc.weight : tensor<30x24xf32>
      %u = nn.linear %x1, %fw : (tensor<4x6x24xf32>, tensor<30x24xf32>) -> tensor<4x6x30xf32>
      %g = nn.silu %u : (tensor<4x6x30xf32>) -> tensor<4x6x30xf32>
      %gd = nn.dropout %g, %seed, %step {p = 0.1 : f64, stream = "mlp"} : (tensor<4x6x30xf32>, tensor<i32>, tensor<i32>) -> tensor<4x6x30xf32>
      %pw = nn.read @proj.weight : tensor<24x30xf32>
      %d = nn.linear %gd, %pw : (tensor<4x6x30xf32>, tensor<24x30xf32>) -> tensor<4x6x24xf32>
      %x2 = nn.add %x1, %d : (tensor<4x6x24xf32>, tensor<4x6x24xf32>) -> tensor<4x6x24xf32>
      nn.return %x2 : tensor<4x6x24xf32>
    }
  }

  nn.tie @head to @wte init #nn.init<zeros>

  nn.entry @loss outputs ["loss"] {
    %tokens = nn.read @tokens : tensor<4x6xi32>
    %wte = nn.read @wte : tensor<53x24xf32>
    %e = nn.embedding %tokens, %wte : (tensor<4x6xi32>, tensor<53x24xf32>) -> tensor<4x6x24xf32>
    %y = nn.apply @h(%e) : (tensor<4x6x24xf32>) -> tensor<4x6x24xf32>
    %hw = nn.read @head : tensor<53x24xf32>
    %l = nn.linear %y, %hw : (tensor<4x6x24xf32>, tensor<53x24xf32>) -> tensor<4x6x53xf32>
    %labels = nn.read @labels : tensor<4x6xi32>
    %loss = nn.cross_entropy %l, %labels {ignore_index = -100 : i64} : (tensor<4x6x53xf32>, tensor<4x6xi32>) -> tensor<f32>
    nn.return %loss : tensor<f32>
  }

  nn.training @train of @loss
      optimizer #nn.adam<lr = @lr, beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64, decoupled = true>
      clip_norm 1.0
}
