// Dp splits the first dim that an input names; here that is the sequence, which attention needs whole.
// REQUIRES: tpc-compile
// RUN: not tpc-compile compile %s --dp 2 -o %t.plan 2>&1 | FileCheck %s
// RUN: tpc-compile compile %s --tp 2 -o %t.plan

// CHECK: time-major.mlir:[[@LINE+18]]:3: error: no sharding of entry 'train' over dp=2 meets the rules of all ops
// CHECK-NEXT: hint: dp splits what inputs name first, and none of them later (T), which must be the batch throughout
module @time_major {
  nn.dim @B = 4
  nn.dim @T = 6
  nn.input @x : tensor<6x4x16xf32> dims ["T", "B", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.scalar @lr : tensor<f32> = 0.01
  nn.parameter @q : tensor<16x16xf32> init #nn.init<normal, 0.0, 0.02>
  nn.entry @loss outputs ["loss"] {
    %t = nn.read @x : tensor<6x4x16xf32>
    %x = nn.transpose %t [1, 0, 2] : (tensor<6x4x16xf32>) -> tensor<4x6x16xf32>
    %w = nn.read @q : tensor<16x16xf32>
    %y = nn.linear %x, %w : (tensor<4x6x16xf32>, tensor<16x16xf32>) -> tensor<4x6x16xf32>
    %h = nn.split_dim %y dim 2 minor 8 : (tensor<4x6x16xf32>) -> tensor<4x6x2x8xf32>
    %a = nn.attention %h, %h, %h {causal = true} : (tensor<4x6x2x8xf32>, tensor<4x6x2x8xf32>, tensor<4x6x2x8xf32>) -> tensor<4x6x2x8xf32>
    %loss = nn.sum %a dims [0, 1, 2, 3] : (tensor<4x6x2x8xf32>) -> tensor<f32>
    nn.return %loss : tensor<f32>
  }
  nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
}
