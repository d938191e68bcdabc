// A training step small enough to read: a tied embedding, an MLP with a residual, cross entropy, clipping,
// SGD and Adam. Its sizes don't divide by 4 (vocabulary) or by 8 (hidden), so that meshes pad them.
nn.input @ids : tensor<2x4xi32> dims ["", ""]
nn.input @labels : tensor<2x4xi32> dims ["", ""]
nn.scalar @lr : tensor<f32> = 0.01
nn.scalar @step : tensor<i32> = 0.0 role step
nn.parameter @wte : tensor<10x8xf32> init #nn.init<normal, 0.0, 0.02>
nn.parameter @fc.weight : tensor<12x8xf32> init #nn.init<normal, 0.0, 0.02>
nn.parameter @fc.bias : tensor<12xf32> init #nn.init<zeros>
nn.parameter @proj.weight : tensor<8x12xf32> init #nn.init<normal, 0.0, 0.02>
nn.parameter @proj.bias : tensor<8xf32> init #nn.init<zeros>
nn.state @fc.weight.m : tensor<12x8xf32> of @fc.weight slot "m"
nn.state @fc.weight.v : tensor<12x8xf32> of @fc.weight slot "v"
nn.entry @train outputs ["loss"] {
  %ids = nn.read @ids {nn.phase = "forward"} : tensor<2x4xi32>
  %labels = nn.read @labels {nn.phase = "forward"} : tensor<2x4xi32>
  %lr = nn.read @lr {nn.phase = "update"} : tensor<f32>
  %step = nn.read @step {nn.phase = "update"} : tensor<i32>
  %wte = nn.read @wte {nn.phase = "forward"} : tensor<10x8xf32>
  %w1 = nn.read @fc.weight {nn.phase = "forward"} : tensor<12x8xf32>
  %b1 = nn.read @fc.bias {nn.phase = "forward"} : tensor<12xf32>
  %w2 = nn.read @proj.weight {nn.phase = "forward"} : tensor<8x12xf32>
  %b2 = nn.read @proj.bias {nn.phase = "forward"} : tensor<8xf32>
  %m = nn.read @fc.weight.m {nn.phase = "update"} : tensor<12x8xf32>
  %v = nn.read @fc.weight.v {nn.phase = "update"} : tensor<12x8xf32>
  %x = nn.embedding %ids, %wte {nn.phase = "forward", nn.scope = "embed"} : (tensor<2x4xi32>, tensor<10x8xf32>) -> tensor<2x4x8xf32>
  %f0 = nn.linear %x, %w1 {nn.phase = "forward", nn.scope = "mlp"} : (tensor<2x4x8xf32>, tensor<12x8xf32>) -> tensor<2x4x12xf32>
  %f1 = nn.add %f0, %b1 {nn.phase = "forward", nn.scope = "mlp"} : (tensor<2x4x12xf32>, tensor<12xf32>) -> tensor<2x4x12xf32>
  %g = nn.gelu %f1 {nn.phase = "forward", nn.scope = "mlp"} : (tensor<2x4x12xf32>) -> tensor<2x4x12xf32>
  %p0 = nn.linear %g, %w2 {nn.phase = "forward", nn.scope = "mlp"} : (tensor<2x4x12xf32>, tensor<8x12xf32>) -> tensor<2x4x8xf32>
  %p1 = nn.add %p0, %b2, %x {nn.phase = "forward", nn.scope = "mlp"} : (tensor<2x4x8xf32>, tensor<8xf32>, tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %logits = nn.linear %p1, %wte {nn.phase = "forward", nn.scope = "head"} : (tensor<2x4x8xf32>, tensor<10x8xf32>) -> tensor<2x4x10xf32>
  %max = nn.ce_row_max %logits {classes = 10 : i64, nn.phase = "forward", nn.scope = "loss"} : (tensor<2x4x10xf32>) -> tensor<2x4xf32>
  %se, %target = nn.ce_row_sums %logits, %max, %labels {classes = 10 : i64, nn.phase = "forward", nn.scope = "loss"} : (tensor<2x4x10xf32>, tensor<2x4xf32>, tensor<2x4xi32>) -> (tensor<2x4xf32>, tensor<2x4xf32>)
  %rows = nn.ce_row_loss %max, %se, %target labels %labels {classes = 10 : i64, ignore_index = -100 : i64, label_smoothing = 0.0 : f64, nn.phase = "forward", nn.scope = "loss"} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xi32>) -> tensor<2x4xf32>
  %loss = nn.sum %rows dims [0, 1] {nn.phase = "forward", nn.scope = "loss"} : (tensor<2x4xf32>) -> tensor<f32>
  %one = nn.fill 1.0 {nn.phase = "backward", nn.scope = "loss"} : tensor<f32>
  %dl = nn.broadcast %one like %rows dims [0, 1] {nn.phase = "backward", nn.scope = "loss"} : (tensor<f32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %dse, %dt = nn.ce_row_loss_grad %dl, %se, %labels {classes = 10 : i64, ignore_index = -100 : i64, label_smoothing = 0.0 : f64, nn.phase = "backward", nn.scope = "loss"} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xi32>) -> (tensor<2x4xf32>, tensor<2x4xf32>)
  %dlogits = nn.ce_row_sums_grad %logits, %max, %labels, %dse, %dt {classes = 10 : i64, nn.phase = "backward", nn.scope = "loss"} : (tensor<2x4x10xf32>, tensor<2x4xf32>, tensor<2x4xi32>, tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4x10xf32>
  %dp1 = nn.linear_input_grad %dlogits, %wte {nn.phase = "backward", nn.scope = "head"} : (tensor<2x4x10xf32>, tensor<10x8xf32>) -> tensor<2x4x8xf32>
  %dwte0 = nn.linear_weight_grad %dlogits, %p1 {nn.phase = "backward", nn.scope = "head"} : (tensor<2x4x10xf32>, tensor<2x4x8xf32>) -> tensor<10x8xf32>
  %db2 = nn.sum %dp1 dims [0, 1] {nn.phase = "backward", nn.scope = "mlp"} : (tensor<2x4x8xf32>) -> tensor<8xf32>
  %dg = nn.linear_input_grad %dp1, %w2 {nn.phase = "backward", nn.scope = "mlp"} : (tensor<2x4x8xf32>, tensor<8x12xf32>) -> tensor<2x4x12xf32>
  %dw2 = nn.linear_weight_grad %dp1, %g {nn.phase = "backward", nn.scope = "mlp"} : (tensor<2x4x8xf32>, tensor<2x4x12xf32>) -> tensor<8x12xf32>
  %df1 = nn.gelu_grad %f1, %dg {nn.phase = "backward", nn.scope = "mlp"} : (tensor<2x4x12xf32>, tensor<2x4x12xf32>) -> tensor<2x4x12xf32>
  %db1 = nn.sum %df1 dims [0, 1] {nn.phase = "backward", nn.scope = "mlp"} : (tensor<2x4x12xf32>) -> tensor<12xf32>
  %dx0 = nn.linear_input_grad %df1, %w1 {nn.phase = "backward", nn.scope = "mlp"} : (tensor<2x4x12xf32>, tensor<12x8xf32>) -> tensor<2x4x8xf32>
  %dw1 = nn.linear_weight_grad %df1, %x {nn.phase = "backward", nn.scope = "mlp"} : (tensor<2x4x12xf32>, tensor<2x4x8xf32>) -> tensor<12x8xf32>
  %dx = nn.add %dx0, %dp1 {nn.phase = "backward", nn.scope = "mlp"} : (tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %dwte1 = nn.embedding_grad %ids, %dx like %wte {nn.phase = "backward", nn.scope = "embed"} : (tensor<2x4xi32>, tensor<2x4x8xf32>, tensor<10x8xf32>) -> tensor<10x8xf32>
  %dwte = nn.add %dwte0, %dwte1 {nn.phase = "backward", nn.scope = "embed"} : (tensor<10x8xf32>, tensor<10x8xf32>) -> tensor<10x8xf32>
  %n0 = nn.square %dw1 {nn.phase = "update"} : (tensor<12x8xf32>) -> tensor<12x8xf32>
  %n1 = nn.sum %n0 dims [0, 1] {nn.phase = "update"} : (tensor<12x8xf32>) -> tensor<f32>
  %n2 = nn.square %db1 {nn.phase = "update"} : (tensor<12xf32>) -> tensor<12xf32>
  %n3 = nn.sum %n2 dims [0] {nn.phase = "update"} : (tensor<12xf32>) -> tensor<f32>
  %n4 = nn.square %db2 {nn.phase = "update"} : (tensor<8xf32>) -> tensor<8xf32>
  %n5 = nn.sum %n4 dims [0] {nn.phase = "update"} : (tensor<8xf32>) -> tensor<f32>
  %n = nn.add %n1, %n3, %n5 {nn.phase = "update"} : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<f32>
  %factor, %norm = nn.clip_factor %n {max_norm = 1.0 : f64, nn.phase = "update"} : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
  %gw1 = nn.mul %dw1, %factor {nn.phase = "update"} : (tensor<12x8xf32>, tensor<f32>) -> tensor<12x8xf32>
  %nw1, %nm, %nv = nn.adam %w1, %gw1, %m, %v, %lr, %step {beta1 = 0.9 : f64, beta2 = 0.999 : f64, eps = 1.0e-8 : f64, weight_decay = 0.0 : f64, nn.phase = "update"} : (tensor<12x8xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<f32>, tensor<i32>) -> (tensor<12x8xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  %nwte = nn.sgd %wte, %dwte, %lr, %step {momentum = 0.0 : f64, weight_decay = 0.0 : f64, nn.phase = "update"} : (tensor<10x8xf32>, tensor<10x8xf32>, tensor<f32>, tensor<i32>) -> tensor<10x8xf32>
  %nb1 = nn.sgd %b1, %db1, %lr, %step {momentum = 0.0 : f64, weight_decay = 0.0 : f64, nn.phase = "update"} : (tensor<12xf32>, tensor<12xf32>, tensor<f32>, tensor<i32>) -> tensor<12xf32>
  %nb2 = nn.sgd %b2, %db2, %lr, %step {momentum = 0.0 : f64, weight_decay = 0.0 : f64, nn.phase = "update"} : (tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> tensor<8xf32>
  %nw2 = nn.sgd %w2, %dw2, %lr, %step {momentum = 0.0 : f64, weight_decay = 0.0 : f64, nn.phase = "update"} : (tensor<8x12xf32>, tensor<8x12xf32>, tensor<f32>, tensor<i32>) -> tensor<8x12xf32>
  nn.write %nw1, @fc.weight {nn.phase = "update"} : tensor<12x8xf32>
  nn.write %nm, @fc.weight.m {nn.phase = "update"} : tensor<12x8xf32>
  nn.write %nv, @fc.weight.v {nn.phase = "update"} : tensor<12x8xf32>
  nn.write %nwte, @wte {nn.phase = "update"} : tensor<10x8xf32>
  nn.write %nb1, @fc.bias {nn.phase = "update"} : tensor<12xf32>
  nn.write %nb2, @proj.bias {nn.phase = "update"} : tensor<8xf32>
  nn.write %nw2, @proj.weight {nn.phase = "update"} : tensor<8x12xf32>
  nn.return %loss : tensor<f32>
}
