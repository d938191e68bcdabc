// A rank draws one part of an op's positions; a column split of what is joined here would give it two, of which a dropout
// does not know. So the sums of row splits are reduced before it.
// REQUIRES: tpc-compile
// RUN: tpc-compile compile %s --tp 2 --stop-after sharded | grep -E 'nn\.(concat|dropout)' | FileCheck %s

// CHECK: nn.concat {{.*}} -> tensor<4x3x2048xf32, #tp.sharding<@mesh, [{}, {}, {}], partial = {"tp"}>>
// CHECK-NEXT: nn.dropout {{.*}} -> tensor<4x3x2048xf32, #tp.sharding<@mesh, [{}, {}, {}]>>
module @dropout_of_joined_features {
  nn.dim @B = 4
  nn.dim @T = 3
  nn.scalar @seed : tensor<i32> = 0.0 role seed
  nn.scalar @step : tensor<i32> = 0.0 role step
  nn.scalar @lr : tensor<f32> = 0.01
  nn.input @x : tensor<4x3x512xf32> dims ["B", "T", ""]
  nn.input @y : tensor<4x3x512xf32> dims ["B", "T", ""]
  nn.parameter @a : tensor<1024x512xf32> init #nn.init<normal, 0.0, 0.02>
  nn.parameter @b : tensor<1024x512xf32> init #nn.init<normal, 0.0, 0.02>
  nn.parameter @c : tensor<512x2048xf32> init #nn.init<normal, 0.0, 0.02>
  nn.entry @loss outputs ["loss"] {
    %x = nn.read @x : tensor<4x3x512xf32>
    %y = nn.read @y : tensor<4x3x512xf32>
    %seed = nn.read @seed : tensor<i32>
    %step = nn.read @step : tensor<i32>
    %a = nn.read @a : tensor<1024x512xf32>
    %b = nn.read @b : tensor<1024x512xf32>
    %c = nn.read @c : tensor<512x2048xf32>
    %l = nn.linear %x, %a : (tensor<4x3x512xf32>, tensor<1024x512xf32>) -> tensor<4x3x1024xf32>
    %r = nn.linear %x, %b : (tensor<4x3x512xf32>, tensor<1024x512xf32>) -> tensor<4x3x1024xf32>
    %h = nn.concat %l, %r dim 2 : (tensor<4x3x1024xf32>, tensor<4x3x1024xf32>) -> tensor<4x3x2048xf32>
    %d = nn.dropout %h, %seed, %step {p = 0.5 : f64, stream = "drop"} : (tensor<4x3x2048xf32>, tensor<i32>, tensor<i32>) -> tensor<4x3x2048xf32>
    %o = nn.linear %d, %c : (tensor<4x3x2048xf32>, tensor<512x2048xf32>) -> tensor<4x3x512xf32>
    %p = nn.mul %o, %y : (tensor<4x3x512xf32>, tensor<4x3x512xf32>) -> tensor<4x3x512xf32>
    %loss = nn.sum %p dims [0, 1, 2] : (tensor<4x3x512xf32>) -> tensor<f32>
    nn.return %loss : tensor<f32>
  }
  nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
}
