// What the forward pass keeps for the backward pass is reduced before it is kept, even where one sum
// less would do: the gradient of @g, which all layers share, could be made of partial values.
// REQUIRES: tpc-compile
// RUN: tpc-compile compile %s --tp 2 --stop-after local | FileCheck %s
// RUN: tpc-compile compile %s --tp 3 -o %t.plan

// CHECK: nn.entry @train
// CHECK: nn.linear_weight_grad
module @m {
nn.scalar @lr : tensor<f32> = 0.1
nn.input @f : tensor<2x4x8xf32> dims ["", "", ""] draw #nn.init<normal, 0.0, 1.0>
nn.parameter @g : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.3>
nn.parameter @e : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.3>
nn.layers @h count 2 {
nn.parameter @w1 : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.3>
nn.parameter @w2 : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.3>
nn.parameter @u1 : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.3>
nn.parameter @u2 : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.3>
nn.block (%x: tensor<2x4x8xf32>) -> tensor<2x4x8xf32> {
%w1 = nn.read @w1 : tensor<8x8xf32>
%a1 = nn.linear %x, %w1 : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
%t1 = nn.read @u1 : tensor<8x8xf32>
%y1 = nn.linear %a1, %t1 : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
%g1 = nn.read @g : tensor<8x8xf32>
%z1 = nn.linear %y1, %g1 : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
%w2 = nn.read @w2 : tensor<8x8xf32>
%a2 = nn.linear %x, %w2 : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
%t2 = nn.read @u2 : tensor<8x8xf32>
%y2 = nn.linear %a2, %t2 : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
%g2 = nn.read @g : tensor<8x8xf32>
%z2 = nn.linear %y2, %g2 : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
%o = nn.add %x, %z1, %z2 : (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
nn.return %o : tensor<2x4x8xf32>
}
}
nn.entry @loss outputs ["loss"] {
%f = nn.read @f : tensor<2x4x8xf32>
%e = nn.read @e : tensor<8x8xf32>
%xe = nn.linear %f, %e : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
%o = nn.apply @h(%xe) : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
%s = nn.square %o : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
%l = nn.mean %s dims [0, 1, 2] : (tensor<2x4x8xf32>) -> tensor<f32>
nn.return %l : tensor<f32>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
}
