// RUN: tpc-opt %s --tpc-expand-composites | FileCheck %s

// Products that the model adds are addends of one op, however their biases are added.

nn.input @x : tensor<4x8xf32> dims ["", ""] draw #nn.init<normal, 0.0, 1.0>
nn.parameter @w : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>
nn.parameter @b : tensor<8xf32> init #nn.init<zeros>
nn.parameter @c : tensor<8xf32> init #nn.init<zeros>

// A bias joins, where it stood.
// CHECK-LABEL: nn.entry @parallel
// CHECK: %[[O:.*]] = nn.linear
// CHECK-NEXT: %[[P:.*]] = nn.linear
// CHECK-NEXT: %[[Y:.*]] = nn.add %[[X:.*]], %[[O]], %[[P]], %[[B:.*]] {nn.phase = "forward", nn.scope = "h.0"}
// CHECK-NEXT: nn.return %[[Y]]
nn.entry @parallel outputs ["y"] {
  %x = nn.read @x : tensor<4x8xf32>
  %w = nn.read @w : tensor<8x8xf32>
  %b = nn.read @b : tensor<8xf32>
  %o = nn.linear %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %p = nn.linear %x, %w bias %b {nn.scope = "h.0.mlp"} : (tensor<4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %y = nn.add %x, %o, %p {nn.scope = "h.0"} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  nn.return %y : tensor<4x8xf32>
}

// Sums of two, one after the other: so do they all, but what holds no product stays one addend.
// CHECK-LABEL: nn.entry @pairs
// CHECK: %[[S:.*]] = nn.add %[[X:[0-9]+]], %[[X]]
// CHECK-NEXT: %[[O:.*]] = nn.linear
// CHECK-NEXT: %[[P:.*]] = nn.linear
// CHECK-NEXT: %[[Y:.*]] = nn.add %[[S]], %[[O]], %[[B:[0-9]+]], %[[P]], %[[C:[0-9]+]] {
// CHECK-NEXT: nn.return %[[Y]]
nn.entry @pairs outputs ["y"] {
  %x = nn.read @x : tensor<4x8xf32>
  %w = nn.read @w : tensor<8x8xf32>
  %b = nn.read @b : tensor<8xf32>
  %c = nn.read @c : tensor<8xf32>
  %s = nn.add %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %o = nn.linear %x, %w bias %b : (tensor<4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %h = nn.add %s, %o : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %p = nn.linear %x, %w bias %c : (tensor<4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %y = nn.add %h, %p : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  nn.return %y : tensor<4x8xf32>
}

// Both products are in one sum already, and the residual is no part of it.
// CHECK-LABEL: nn.entry @together
// CHECK: %[[O:.*]] = nn.linear
// CHECK-NEXT: %[[P:.*]] = nn.linear
// CHECK-NEXT: %[[S:.*]] = nn.add %[[O]], %[[P]], %[[B:[0-9]+]] {
// CHECK-NEXT: %[[Y:.*]] = nn.add %[[S]], %[[X:[0-9]+]] {
// CHECK-NEXT: nn.return %[[Y]]
nn.entry @together outputs ["y"] {
  %x = nn.read @x : tensor<4x8xf32>
  %w = nn.read @w : tensor<8x8xf32>
  %b = nn.read @b : tensor<8xf32>
  %o = nn.linear %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %p = nn.linear %x, %w bias %b : (tensor<4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %s = nn.add %o, %p : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %y = nn.add %s, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  nn.return %y : tensor<4x8xf32>
}

// One product and its bias stay, for the product to add it.
// CHECK-LABEL: nn.entry @sequential
// CHECK: %[[O:.*]] = nn.linear
// CHECK-NEXT: %[[S:.*]] = nn.add %[[O]], %[[B:[0-9]+]] {
// CHECK-NEXT: %[[H:.*]] = nn.add %[[X:[0-9]+]], %[[S]] {
// CHECK-NEXT: %[[P:.*]] = nn.linear %[[H]]
// CHECK-NEXT: %[[T:.*]] = nn.add %[[P]], %[[B]] {
// CHECK-NEXT: %[[Y:.*]] = nn.add %[[H]], %[[T]] {
// CHECK-NEXT: nn.return %[[Y]]
nn.entry @sequential outputs ["y"] {
  %x = nn.read @x : tensor<4x8xf32>
  %w = nn.read @w : tensor<8x8xf32>
  %b = nn.read @b : tensor<8xf32>
  %o = nn.linear %x, %w bias %b : (tensor<4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %h = nn.add %x, %o : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %p = nn.linear %h, %w bias %b : (tensor<4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %y = nn.add %h, %p : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  nn.return %y : tensor<4x8xf32>
}

// What others read, too, is computed anyhow.
// CHECK-LABEL: nn.entry @shared
// CHECK: %[[O:.*]] = nn.linear
// CHECK-NEXT: %[[P:.*]] = nn.linear
// CHECK-NEXT: %[[S:.*]] = nn.add %[[P]], %[[B:[0-9]+]] {
// CHECK-NEXT: %[[Y:.*]] = nn.add %[[X:[0-9]+]], %[[O]], %[[S]] {
// CHECK-NEXT: nn.return %[[Y]], %[[S]]
nn.entry @shared outputs ["y", "s"] {
  %x = nn.read @x : tensor<4x8xf32>
  %w = nn.read @w : tensor<8x8xf32>
  %b = nn.read @b : tensor<8xf32>
  %o = nn.linear %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %p = nn.linear %x, %w bias %b : (tensor<4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %y = nn.add %x, %o, %p : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  nn.return %y, %p : tensor<4x8xf32>, tensor<4x8xf32>
}
