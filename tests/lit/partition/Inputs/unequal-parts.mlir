// A fused weight whose parts have different sizes.
module @unequal {
  nn.dim @B = 2
  nn.dim @T = 4
  nn.input @x : tensor<2x4x8xf32> dims ["B", "T", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.scalar @lr : tensor<f32> = 0.1
  nn.parameter @pre : tensor<8x8xf32> init #nn.init<normal, 0.0, 1.0>
  nn.parameter @gu : tensor<21x8xf32> init #nn.init<normal, 0.0, 1.0>
  nn.parameter @a : tensor<8x10xf32> init #nn.init<normal, 0.0, 1.0>
  nn.parameter @down : tensor<8x11xf32> init #nn.init<normal, 0.0, 1.0>
  nn.entry @loss outputs ["loss"] {
    %x = nn.read @x : tensor<2x4x8xf32>
    %pre = nn.read @pre : tensor<8x8xf32>
    %e = nn.linear %x, %pre : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
    %n = nn.rms_norm %e {eps = 1.0e-6 : f64} : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
    %gu = nn.read @gu : tensor<21x8xf32>
    %h = nn.linear %n, %gu : (tensor<2x4x8xf32>, tensor<21x8xf32>) -> tensor<2x4x21xf32>
    %g = nn.slice %h dim 2 start 0 size 10 : (tensor<2x4x21xf32>) -> tensor<2x4x10xf32>
    %u = nn.slice %h dim 2 start 10 size 11 : (tensor<2x4x21xf32>) -> tensor<2x4x11xf32>
    %a = nn.read @a : tensor<8x10xf32>
    %ya = nn.linear %g, %a : (tensor<2x4x10xf32>, tensor<8x10xf32>) -> tensor<2x4x8xf32>
    %r = nn.relu %ya : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
    %down = nn.read @down : tensor<8x11xf32>
    %yb = nn.linear %u, %down : (tensor<2x4x11xf32>, tensor<8x11xf32>) -> tensor<2x4x8xf32>
    %y = nn.add %r, %yb : (tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
    %q = nn.square %y : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
    %l = nn.mean %q dims [0, 1, 2] : (tensor<2x4x8xf32>) -> tensor<f32>
    nn.return %l : tensor<f32>
  }
  nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
}
