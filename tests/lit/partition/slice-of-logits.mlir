// An output of another entry that the training's shardings have in parts is gathered for it, and says
// why. On one rank nothing has to be.
// REQUIRES: tpc-compile
// RUN: tpc-compile compile %s --tp 1 -o %t.plan
// RUN: tpc-compile compile %s --tp 2 --shard "w=[{tp},{}]" --stop-after local | FileCheck %s

// CHECK: nn.entry @loss
// CHECK: tp.all_gather {{.*}} dim 1 on "tp" why "{{.+}}"
// CHECK: nn.slice
// CHECK: nn.entry @train
// CHECK-NOT: tp.all_gather

module @slice_of_logits {
  nn.input @x : tensor<2x4xf32> dims ["", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.input @labels : tensor<2xi32> dims [""] default dense<[0, 2]> : tensor<2xi32>
  nn.scalar @lr : tensor<f32> = 0.1
  nn.parameter @w : tensor<5x4xf32> init #nn.init<normal, 0.0, 0.5>
  nn.entry @loss outputs ["loss", "some"] {
    %x = nn.read @x : tensor<2x4xf32>
    %w = nn.read @w : tensor<5x4xf32>
    %y = nn.linear %x, %w : (tensor<2x4xf32>, tensor<5x4xf32>) -> tensor<2x5xf32>
    %l = nn.read @labels : tensor<2xi32>
    %c = nn.cross_entropy %y, %l : (tensor<2x5xf32>, tensor<2xi32>) -> tensor<f32>
    %s = nn.slice %y dim 1 start 1 size 2 : (tensor<2x5xf32>) -> tensor<2x2xf32>
    nn.return %c, %s : tensor<f32>, tensor<2x2xf32>
  }
  nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
}
