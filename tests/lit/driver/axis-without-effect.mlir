// An axis that splits nothing would have its ranks do the same work: like every option without effect, it is refused.
// REQUIRES: tpc-compile
// RUN: rm -f %t.plan
// RUN: sed 's/dims \["", ""\]/dims ["B", ""]/' %s > %t.mlir
// RUN: not tpc-compile compile %s --dp 4 -o %t.plan 2>&1 | FileCheck %s --check-prefix=DP
// RUN: not tpc-compile compile %t.mlir --tp 4 -o %t.plan 2>&1 | FileCheck %s --check-prefix=TP
// RUN: not tpc-compile compile %t.mlir --dp 2 --tp 2 -o %t.plan 2>&1 | FileCheck %s --check-prefix=ONE-OF-TWO
// RUN: not tpc-compile compile %models/mlp.mlir --tp 2 --shard 'fc*=[{}, {}]' -o %t.plan 2>&1 | FileCheck %s --check-prefix=HELD
// RUN: not ls %t.plan
// RUN: tpc-compile compile %t.mlir --dp 4 -o %t.plan

// DP: axis-without-effect.mlir:{{[0-9]+:[0-9]+}}: error: --dp 4 has no effect: nothing is split on dp, and its ranks would all do the same
// DP-NEXT: hint: leave it out, or name the batch first in the dims of the inputs: dims ["B", ""]
// TP: error: --tp 4 has no effect: nothing is split on tp, and its ranks would all do the same
// TP-NEXT: hint: leave it out; it splits parameters of two dims or more, and what is computed of them{{$}}
// ONE-OF-TWO: error: --tp 2 has no effect
// HELD: error: --tp 2 has no effect
// HELD-NEXT: hint: {{.*}}, unless a constraint holds them whole

module @scales {
  nn.dim @B = 4
  nn.input @x : tensor<4x8xf32> dims ["", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.scalar @lr : tensor<f32> = 0.01
  nn.parameter @w : tensor<8xf32> init #nn.init<normal, 0.0, 0.1>
  nn.entry @loss outputs ["loss"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w = nn.read @w : tensor<8xf32>
    %y = nn.mul %x, %w : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
    %s = nn.square %y : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %l = nn.mean %s dims [0, 1] : (tensor<4x8xf32>) -> tensor<f32>
    nn.return %l : tensor<f32>
  }
  nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
}
