// The rows of one of two weights can be split, not those of both; why the other is held whole is said.
// REQUIRES: tpc-compile
// RUN: tpc-compile compile %s --tp 2 --stop-after sharded 2>&1 >/dev/null | FileCheck %s

// CHECK: either-weight.mlir:{{[0-9:]+}} warning: [[WHOLE:a|b]] is held whole on every rank of tp: a plan that splits it is no better: there all but pointwise ops take {{[0-9.]+}} us more, with {{a|b}} {{replicated|split by dim 0}}, {{a|b}} {{replicated|split by dim 0}}
// CHECK-NEXT: hint: --shard can ask for that one
// CHECK-NOT: warning

module @either {
  nn.scalar @lr : tensor<f32> = 0.01
  nn.parameter @a : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.3>
  nn.parameter @b : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.3>
  nn.entry @loss outputs ["loss"] {
    %a = nn.read @a : tensor<8x8xf32>
    %b = nn.read @b : tensor<8x8xf32>
    %na = nn.layer_norm %a {eps = 1.0e-05 : f64} : (tensor<8x8xf32>) -> tensor<8x8xf32>
    %nb = nn.layer_norm %b {eps = 1.0e-05 : f64} : (tensor<8x8xf32>) -> tensor<8x8xf32>
    %p = nn.matmul %na, %nb {transpose_b} : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
    %s = nn.square %p : (tensor<8x8xf32>) -> tensor<8x8xf32>
    %l = nn.mean %s dims [0, 1] : (tensor<8x8xf32>) -> tensor<f32>
    nn.return %l : tensor<f32>
  }
  nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
}
