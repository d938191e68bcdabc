// REQUIRES: tpc-compile
// RUN: not tpc-compile compile %s --target cuda -o %t.plan 2>&1 | FileCheck %s
// RUN: tpc-compile compile %s --target cpu -o %t.plan
// RUN: sed 's/1601/1600/g' %s > %t.mlir
// RUN: tpc-compile compile %t.mlir --target cuda -o %t.plan

// A head has so much of a block's shared memory, at the least.
// CHECK: large-heads.mlir:[[@LINE+10]]:{{[0-9]+}}: error: {{.*}}attention on cuda has heads of at most 1600 numbers in 'f32', and these have 1601
// CHECK: hint: divide them into more heads, or compile for --target cpu
module @large_heads {
  nn.input @q : tensor<1x2x1x1601xf32> dims ["", "", "", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.input @k : tensor<1x2x1x1601xf32> dims ["", "", "", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.input @v : tensor<1x2x1x1601xf32> dims ["", "", "", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.entry @forward outputs ["o"] {
    %q = nn.read @q : tensor<1x2x1x1601xf32>
    %k = nn.read @k : tensor<1x2x1x1601xf32>
    %v = nn.read @v : tensor<1x2x1x1601xf32>
    %o = nn.attention %q, %k, %v {causal = true} : (tensor<1x2x1x1601xf32>, tensor<1x2x1x1601xf32>, tensor<1x2x1x1601xf32>) -> tensor<1x2x1x1601xf32>
    nn.return %o : tensor<1x2x1x1601xf32>
  }
}
