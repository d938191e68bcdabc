// Positions are a slice of a longer table, which takes them whole: what is split along the sequence is what
// is made of them.
// REQUIRES: tpc-compile
// RUN: tpc-compile compile %s --tp 2 --sequence-parallel on --stop-after sharded | FileCheck %s

// CHECK: %[[SLICE:.+]] = nn.slice {{.*}} -> tensor<8x8xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK: tp.reshard %[[SLICE]] {{.*}} -> tensor<8x8xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>
// CHECK: nn.rms_normalize {{.*}} #tp.sharding<@mesh, [{}, {"tp"}, {}]>

module @positions {
  nn.dim @B = 2
  nn.dim @T = 8
  nn.input @x : tensor<2x8x8xf32> dims ["B", "T", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.scalar @lr : tensor<f32> = 0.03
  nn.parameter @wpe : tensor<10x8xf32> init #nn.init<normal, 0.0, 0.7>
  nn.parameter @w1 : tensor<16x8xf32> init #nn.init<normal, 0.0, 0.3>
  nn.parameter @w2 : tensor<8x16xf32> init #nn.init<normal, 0.0, 0.3>
  nn.entry @loss outputs ["loss"] {
    %e = nn.read @x : tensor<2x8x8xf32>
    %wpe = nn.read @wpe : tensor<10x8xf32>
    %p = nn.slice %wpe dim 0 start 0 size 8 : (tensor<10x8xf32>) -> tensor<8x8xf32>
    %x = nn.add %e, %p : (tensor<2x8x8xf32>, tensor<8x8xf32>) -> tensor<2x8x8xf32>
    %w1 = nn.read @w1 : tensor<16x8xf32>
    %n = nn.rms_norm %x {eps = 1.0e-5 : f64} : (tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
    %u = nn.linear %n, %w1 : (tensor<2x8x8xf32>, tensor<16x8xf32>) -> tensor<2x8x16xf32>
    %g = nn.gelu %u : (tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
    %w2 = nn.read @w2 : tensor<8x16xf32>
    %y = nn.linear %g, %w2 : (tensor<2x8x16xf32>, tensor<8x16xf32>) -> tensor<2x8x8xf32>
    %z = nn.add %x, %y : (tensor<2x8x8xf32>, tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
    %l = nn.sum %z dims [0, 1, 2] : (tensor<2x8x8xf32>) -> tensor<f32>
    nn.return %l : tensor<f32>
  }
  nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
}
