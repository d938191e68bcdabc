// RUN: tpc-opt %s --tpc-bind-dims="dims=B=2,T=5" | FileCheck %s
// RUN: tpc-opt %s --tpc-bind-dims | FileCheck %s --check-prefix=DEFAULT
// RUN: tpc-opt %s --tpc-bind-dims="dims=B=2,T=5" --tpc-unroll-layers --tpc-flatten-scopes --tpc-verify-model -o /dev/null

// CHECK: nn.dim @B = 2
// CHECK: nn.dim @T = 5
nn.dim @B = 1
nn.dim @T = 3
// The default value no longer fits and is dropped; the draw fits any shape.
// CHECK: nn.input @tokens : tensor<2x5xi32> dims ["B", "T"] feed <>{{$}}
// DEFAULT: nn.input @tokens : tensor<1x3xi32> dims ["B", "T"] feed <> default dense
nn.input @tokens : tensor<1x3xi32> dims ["B", "T"] feed #nn.tokens<> default dense<[[1, 2, 3]]> : tensor<1x3xi32>
// CHECK: nn.input @m : tensor<2x4xf32> dims ["B", ""] draw <ones>
nn.input @m : tensor<1x4xf32> dims ["B", ""] draw #nn.init<ones>
nn.parameter @table : tensor<16x8xf32> init #nn.init<ones>
nn.tie @head to @table init #nn.init<zeros>

nn.layers @h count 2 {
  nn.parameter @w : tensor<8x8xf32> init #nn.init<ones>
  // CHECK: nn.block (%{{.*}}: tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  nn.block (%x: tensor<1x3x8xf32>) -> tensor<1x3x8xf32> {
    %w = nn.read @w : tensor<8x8xf32>
    // CHECK: nn.linear {{.*}} -> tensor<2x5x8xf32>
    %y = nn.linear %x, %w : (tensor<1x3x8xf32>, tensor<8x8xf32>) -> tensor<1x3x8xf32>
    nn.return %y : tensor<1x3x8xf32>
  }
}

nn.entry @e outputs ["logits", "m"] {
  // CHECK: nn.read @tokens : tensor<2x5xi32>
  %t = nn.read @tokens : tensor<1x3xi32>
  %table = nn.read @table : tensor<16x8xf32>
  // CHECK: nn.embedding {{.*}} -> tensor<2x5x8xf32>
  %x = nn.embedding %t, %table : (tensor<1x3xi32>, tensor<16x8xf32>) -> tensor<1x3x8xf32>
  // CHECK: nn.apply @h(%{{.*}}) : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  %y = nn.apply @h(%x) : (tensor<1x3x8xf32>) -> tensor<1x3x8xf32>
  // CHECK: nn.scope "head" -> tensor<2x5x16xf32>
  %l = nn.scope "head" -> tensor<1x3x16xf32> {
    %head = nn.read @head : tensor<16x8xf32>
    %z = nn.linear %y, %head : (tensor<1x3x8xf32>, tensor<16x8xf32>) -> tensor<1x3x16xf32>
    nn.yield %z : tensor<1x3x16xf32>
  }
  %m = nn.read @m : tensor<1x4xf32>
  // CHECK: nn.return %{{.*}}, %{{.*}} : tensor<2x5x16xf32>, tensor<2x4xf32>
  nn.return %l, %m : tensor<1x3x16xf32>, tensor<1x4xf32>
}
