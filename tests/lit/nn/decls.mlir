// RUN: tpc-opt %s | tpc-opt | FileCheck %s

// CHECK: nn.dim @B = 1
nn.dim @B = 1
nn.dim @T = 3
// CHECK: nn.input @tokens : tensor<1x3xi32> dims ["B", "T"] feed <> default dense<{{.*}}> : tensor<1x3xi32>
nn.input @tokens : tensor<1x3xi32> dims ["B", "T"] feed #nn.tokens<> default dense<[[1, 2, 3]]> : tensor<1x3xi32>
// CHECK: nn.input @labels : tensor<1x3xi32> dims ["B", "T"] feed <shift = 1, stride = 64, tail = -100>
nn.input @labels : tensor<1x3xi32> dims ["B", "T"] feed #nn.tokens<shift = 1, stride = 64, tail = -100>
// CHECK: nn.input @x : tensor<1x8xf32> dims ["B", ""] draw <normal, 0.000000e+00, 1.000000e+00>
nn.input @x : tensor<1x8xf32> dims ["B", ""] draw #nn.init<normal, 0.0, 1.0>
// CHECK: nn.scalar @lr : tensor<f32> = 1.000000e-02
nn.scalar @lr : tensor<f32> = 0.01
// CHECK: nn.scalar @step : tensor<i32> = 0.000000e+00 role step
nn.scalar @step : tensor<i32> = 0.0 role step
// CHECK: nn.scalar @seed : tensor<i32> = 0.000000e+00 role seed
nn.scalar @seed : tensor<i32> = 0.0 role seed
// CHECK: nn.parameter @a : tensor<8x4xf32> init <zeros>
nn.parameter @a : tensor<8x4xf32> init #nn.init<zeros>
// CHECK: nn.parameter @b : tensor<8xf32> init <ones> source <"b">
nn.parameter @b : tensor<8xf32> init #nn.init<ones> source #nn.source<"b">
// CHECK: nn.parameter @c : tensor<8x4xf32> init <constant, 5.000000e-01> source <"qkv", slice = 1 [16, 8], transpose>
nn.parameter @c : tensor<8x4xf32> init #nn.init<constant, 0.5> source #nn.source<"qkv", slice = 1 [16, 8], transpose>
// CHECK: nn.parameter @d : tensor<4xf32> init <uniform, -1.000000e-01, 1.000000e-01> source <"d", slice = 0 [4, 4]>
nn.parameter @d : tensor<4xf32> init #nn.init<uniform, -0.1, 0.1> source #nn.source<"d", slice = 0 [4, 4]>
// CHECK: nn.tie @head to @a init <zeros>
nn.tie @head to @a init #nn.init<zeros>
// CHECK: nn.state @a.m : tensor<8x4xf32> of @a slot "m"
nn.state @a.m : tensor<8x4xf32> of @a slot "m"
// CHECK: nn.layers @h count 2 {
// CHECK:   nn.parameter @w : tensor<8x8xf32>
// CHECK:   nn.block (%[[X:.*]]: tensor<1x8xf32>) -> tensor<1x8xf32> {
// CHECK:     nn.return %{{.*}} : tensor<1x8xf32>
nn.layers @h count 2 {
  nn.parameter @w : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>
  nn.block (%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
    %w = nn.read @w : tensor<8x8xf32>
    %y = nn.linear %x, %w : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32>
    nn.return %y : tensor<1x8xf32>
  }
}
// CHECK: nn.entry @loss outputs ["loss", "y"] {
nn.entry @loss outputs ["loss", "y"] {
  %x = nn.read @x : tensor<1x8xf32>
  // CHECK: nn.apply @h(%{{.*}}) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %y = nn.apply @h(%x) : (tensor<1x8xf32>) -> tensor<1x8xf32>
  // CHECK: nn.scope "loss" -> tensor<f32> {
  // CHECK:   nn.yield %{{.*}} : tensor<f32>
  %l = nn.scope "loss" -> tensor<f32> {
    %s = nn.mean %y dims [0, 1] : (tensor<1x8xf32>) -> tensor<f32>
    nn.yield %s : tensor<f32>
  }
  nn.return %l, %y : tensor<f32>, tensor<1x8xf32>
}
// CHECK: nn.entry @update outputs []
nn.entry @update outputs [] {
  %a = nn.read @a : tensor<8x4xf32>
  // CHECK: nn.kernel "double" (%{{.*}} = %{{.*}} : tensor<8x4xf32>) -> (tensor<8x4xf32>) {
  // CHECK:   nn.yield %{{.*}} : tensor<8x4xf32>
  %2 = nn.kernel "double" (%p = %a : tensor<8x4xf32>) -> (tensor<8x4xf32>) {
    %d = nn.add %p, %p : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
    nn.yield %d : tensor<8x4xf32>
  }
  // CHECK: nn.kernel "nothing" () -> () attributes {nn.phase = "update"} {
  nn.kernel "nothing" () -> () attributes {nn.phase = "update"} {
    nn.yield
  }
  // CHECK: nn.write %{{.*}}, @a {nn.phase = "update", nn.scope = "a"} : tensor<8x4xf32>
  nn.write %2, @a {nn.phase = "update", nn.scope = "a"} : tensor<8x4xf32>
  nn.return
}
// CHECK: nn.training @train of @loss optimizer #nn.adam<lr = @lr, {{.*}}decoupled = true> clip_norm 1.000000e+00 groups [#nn.group<"*.bias", weight_decay = 0.000000e+00 : f64>]
nn.training @train of @loss optimizer #nn.adam<lr = @lr, beta1 = 0.9 : f64, decoupled = true> clip_norm 1.0 groups [#nn.group<"*.bias", weight_decay = 0.0 : f64>]
// CHECK: nn.training @train2 of @loss optimizer #nn.sgd<lr = @lr, momentum = 9.000000e-01 : f64>
nn.training @train2 of @loss optimizer #nn.sgd<lr = @lr, momentum = 0.9 : f64>
// CHECK: nn.constraint "h.*.fc" "[{tp}, {}]"
nn.constraint "h.*.fc" "[{tp}, {}]"
