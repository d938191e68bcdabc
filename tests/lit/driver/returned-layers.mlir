// What the last layer gives is an output, which is whole on all ranks; what the others give is split.
// REQUIRES: tpc-compile
// RUN: tpc-compile compile %s --dp 2 --stop-after sharded | FileCheck %s

// CHECK: nn.linear {{.*}} nn.scope = "L.0"{{.*}} -> tensor<2x7x8xf32, #tp.sharding<@mesh, [{"dp"}, {}, {}]>>
// CHECK: nn.linear {{.*}} nn.scope = "L.1"{{.*}} -> tensor<2x7x8xf32, #tp.sharding<@mesh, [{"dp"}, {}, {}]>>
// CHECK: tp.reshard {{.*}} -> tensor<2x7x8xf32, #tp.sharding<@mesh, [{}, {}, {}]>>

module @stack {
  nn.scalar @lr : tensor<f32> = 0.03
  nn.dim @B = 2
  nn.input @x : tensor<2x7x8xf32> dims ["B", "", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.layers @L count 2 {
    nn.parameter @w : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.3>
    nn.block (%x0: tensor<2x7x8xf32>) -> tensor<2x7x8xf32> {
      %w = nn.read @w : tensor<8x8xf32>
      %y = nn.linear %x0, %w : (tensor<2x7x8xf32>, tensor<8x8xf32>) -> tensor<2x7x8xf32>
      nn.return %y : tensor<2x7x8xf32>
    }
  }
  nn.entry @loss outputs ["loss", "hidden"] {
    %x = nn.read @x : tensor<2x7x8xf32>
    %y = nn.apply @L(%x) : (tensor<2x7x8xf32>) -> tensor<2x7x8xf32>
    %z = nn.tanh %y : (tensor<2x7x8xf32>) -> tensor<2x7x8xf32>
    %l = nn.sum %z dims [0, 1, 2] : (tensor<2x7x8xf32>) -> tensor<f32>
    nn.return %l, %y : tensor<f32>, tensor<2x7x8xf32>
  }
  nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
}
