// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %s --tp 1 -o %t.1.plan && tpc run %t.1.plan --output y=%t.y1 --output l=%t.l1
// RUN: tpc compile %s --tp 2 -o %t.2.plan && tpc run %t.2.plan --output y=%t.y2 --output l=%t.l2
// RUN: head -c 200 %t.y1 | FileCheck %s --check-prefix=MERGED
// RUN: head -c 200 %t.l1 | FileCheck %s --check-prefix=PLAIN
// RUN: head -c 200 %t.y2 | FileCheck %s --check-prefix=MERGED
// RUN: head -c 200 %t.l2 | FileCheck %s --check-prefix=PLAIN

// An output has its own shape, whichever view of it the buffer was made for.

// MERGED: "shape":[6,4]
// PLAIN: "shape":[2,3,4]

module @views {
  nn.input @x : tensor<2x3x4xf32> dims ["", "", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.parameter @w : tensor<4x4xf32> init #nn.init<normal, 0.0, 0.3>
  nn.entry @loss outputs ["l", "y"] {
    %x = nn.read @x : tensor<2x3x4xf32>
    %w = nn.read @w : tensor<4x4xf32>
    %l = nn.linear %x, %w : (tensor<2x3x4xf32>, tensor<4x4xf32>) -> tensor<2x3x4xf32>
    %y = nn.merge_dims %l dim 0 : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
    nn.return %l, %y : tensor<2x3x4xf32>, tensor<6x4xf32>
  }
}
