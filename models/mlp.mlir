// Two linear layers with a ReLU between, trained to a small sum: the smallest model with a column
// split, a row split, and one all_reduce behind them.
//
//   tpc compile models/mlp.mlir --tp 2 -o mlp.plan
//   tpc run mlp.plan --init torch --seed 1234 --steps 2 --log-json -

module @mlp {
  nn.dim @B = 8

  nn.input @x : tensor<8x128xf32> dims ["B", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.scalar @lr : tensor<f32> = 0.01

  nn.parameter @fc1 : tensor<128x128xf32> init #nn.init<uniform, -0.08838834764831845, 0.08838834764831845>
  nn.parameter @fc2 : tensor<128x128xf32> init #nn.init<uniform, -0.08838834764831845, 0.08838834764831845>

  nn.entry @loss outputs ["loss", "y"] {
    %x = nn.read @x : tensor<8x128xf32>
    %w1 = nn.read @fc1 : tensor<128x128xf32>
    %h = nn.linear %x, %w1 : (tensor<8x128xf32>, tensor<128x128xf32>) -> tensor<8x128xf32>
    %a = nn.relu %h : (tensor<8x128xf32>) -> tensor<8x128xf32>
    %w2 = nn.read @fc2 : tensor<128x128xf32>
    %y = nn.linear %a, %w2 : (tensor<8x128xf32>, tensor<128x128xf32>) -> tensor<8x128xf32>
    %loss = nn.sum %y dims [0, 1] : (tensor<8x128xf32>) -> tensor<f32>
    nn.return %loss, %y : tensor<f32>, tensor<8x128xf32>
  }

  nn.training @train of @loss
      optimizer #nn.adam<lr = @lr, beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64>
}
