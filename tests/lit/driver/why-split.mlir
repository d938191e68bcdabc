// A small model would be faster with its weights whole; tp splits them all the same, and says that this is why.
// REQUIRES: tpc-compile
// RUN: tpc-compile compile %s --tp 2 --stop-after sharded | FileCheck %s
// RUN: tpc-compile compile %s --tp 2 --shard 'fc1=[{}, {tp}]' --stop-after sharded | FileCheck %s --check-prefix=ASKED
// RUN: sed 's/^  nn.training/  nn.constraint "fc1" "[{}, {tp}]"\n&/' %s > %t.mlir
// RUN: tpc-compile compile %t.mlir --tp 2 --stop-after sharded | FileCheck %s --check-prefix=ASKED
// RUN: tpc-compile compile %s --tp 2 --shard 'fc2=[{}, {tp}]' --shard 'fc1=[{}, {tp}]' --stop-after sharded | FileCheck %s --check-prefix=ONE-OF-TWO
// RUN: not tpc-compile compile %s --tp 2 --shard 'fc2=[{}, {}]' -o %t.plan 2>&1 | FileCheck %s --check-prefix=WHOLE

// CHECK: tp.reshard {{.*}} why "nn.add takes operand 1 replicated on tp: tp splits every weight that it can; without it all but pointwise ops take {{[0-9.]+}} us less, with fc1 replicated, fc2 replicated"
// A constraint is named where the plan without it is another.
// ASKED: tp.reshard {{.*}} why "nn.linear takes operand 1 replicated on tp: least predicted time under the constraint 'fc1=[{}, {tp}]'; otherwise all but pointwise ops take
// ASKED: tp.reshard {{.*}} why "nn.linear_weight_grad takes operand 0 split(1) on tp: least predicted time under the constraint 'fc1=[{}, {tp}]'"
// Of two, what one of them alone is the reason of.
// ONE-OF-TWO: under the constraint 'fc1=[{}, {tp}]'
// WHOLE: warning: fc1 is held whole on every rank of tp: with any split of it, something that it computes would have to be gathered under the constraints
// WHOLE: error: --tp 2 has no effect

module @small {
  nn.dim @B = 4
  nn.input @x : tensor<4x8xf32> dims ["B", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.scalar @lr : tensor<f32> = 0.01
  nn.parameter @shift : tensor<8xf32> init #nn.init<normal, 0.0, 0.1>
  nn.parameter @fc1 : tensor<16x8xf32> init #nn.init<normal, 0.0, 0.1>
  nn.parameter @fc2 : tensor<8x16xf32> init #nn.init<normal, 0.0, 0.1>
  nn.entry @loss outputs ["loss"] {
    %given = nn.read @x : tensor<4x8xf32>
    %shift = nn.read @shift : tensor<8xf32>
    %x = nn.add %given, %shift : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
    %n1 = nn.layer_norm %x {eps = 1.0e-05 : f64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %w1 = nn.read @fc1 : tensor<16x8xf32>
    %h = nn.linear %n1, %w1 : (tensor<4x8xf32>, tensor<16x8xf32>) -> tensor<4x16xf32>
    %a = nn.relu %h : (tensor<4x16xf32>) -> tensor<4x16xf32>
    %w2 = nn.read @fc2 : tensor<8x16xf32>
    %p = nn.linear %a, %w2 : (tensor<4x16xf32>, tensor<8x16xf32>) -> tensor<4x8xf32>
    %y = nn.add %x, %p : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %n2 = nn.layer_norm %y {eps = 1.0e-05 : f64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %s = nn.square %n2 : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %l = nn.mean %s dims [0, 1] : (tensor<4x8xf32>) -> tensor<f32>
    nn.return %l : tensor<f32>
  }
  nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
}
