// RUN: tpc-opt %s --tpc-unroll-layers | FileCheck %s
// RUN: tpc-opt %s --tpc-unroll-layers --tpc-flatten-scopes --tpc-verify-model | FileCheck %s --check-prefix=FLAT

// Declarations stay in order, layer by layer: it is the order of initial draws.
// CHECK:      nn.parameter @first
// CHECK-NEXT: nn.parameter @h.0.a : tensor<8x8xf32> init <ones> source <"l.0.a.0">
// CHECK-NEXT: nn.parameter @h.0.b : tensor<8x8xf32>
// CHECK-NEXT: nn.parameter @h.1.a : tensor<8x8xf32> init <ones> source <"l.1.a.1">
// CHECK-NEXT: nn.parameter @h.1.b : tensor<8x8xf32>
// CHECK-NEXT: nn.parameter @last
// CHECK-NOT:  nn.layers
nn.parameter @first : tensor<8x8xf32> init #nn.init<ones>
nn.layers @h count 2 {
  nn.parameter @a : tensor<8x8xf32> init #nn.init<ones> source #nn.source<"l.{layer}.a.{layer}">
  nn.parameter @b : tensor<8x8xf32> init #nn.init<zeros>
  nn.block (%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %y = nn.scope "in" -> tensor<4x8xf32> {
      %a = nn.read @a : tensor<8x8xf32>
      %0 = nn.linear %x, %a : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
      %1 = nn.scope "deep" -> tensor<4x8xf32> {
        %2 = nn.relu %0 : (tensor<4x8xf32>) -> tensor<4x8xf32>
        nn.yield %2 : tensor<4x8xf32>
      }
      nn.yield %1 : tensor<4x8xf32>
    }
    %b = nn.read @b : tensor<8x8xf32>
    %shared = nn.read @last : tensor<8x8xf32>
    %s = nn.add %b, %shared : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
    %z = nn.linear %y, %s : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    nn.return %z : tensor<4x8xf32>
  }
}
nn.parameter @last : tensor<8x8xf32> init #nn.init<ones>

nn.entry @e outputs ["y"] {
  %x0 = nn.read @first : tensor<8x8xf32>
  %x = nn.slice %x0 dim 0 start 0 size 4 : (tensor<8x8xf32>) -> tensor<4x8xf32>
  // CHECK: %[[X:.*]] = nn.slice
  // CHECK: %[[H0:.*]] = nn.scope "h.0" -> tensor<4x8xf32> {
  // CHECK:   nn.scope "in" -> tensor<4x8xf32> {
  // CHECK:     nn.read @h.0.a
  // CHECK:     nn.linear %[[X]]
  // CHECK:   nn.read @h.0.b
  // CHECK:   nn.read @last
  // CHECK: %[[H1:.*]] = nn.scope "h.1" -> tensor<4x8xf32> {
  // CHECK:     nn.read @h.1.a
  // CHECK:     nn.linear %[[H0]]
  // CHECK: nn.return %[[H1]]

  // FLAT:      nn.slice %{{[0-9]+}} dim 0 start 0 size 4 : (tensor<8x8xf32>)
  // FLAT-NEXT: nn.read @h.0.a {nn.scope = "h.0.in"}
  // FLAT-NEXT: nn.linear {{.*}} {nn.scope = "h.0.in"}
  // FLAT-NEXT: nn.relu {{.*}} {nn.scope = "h.0.in.deep"}
  // FLAT-NEXT: nn.read @h.0.b {nn.scope = "h.0"}
  // FLAT-NEXT: nn.read @last {nn.scope = "h.0"}
  // FLAT-NEXT: nn.add {{.*}} {nn.scope = "h.0"}
  // FLAT-NEXT: nn.linear {{.*}} {nn.scope = "h.0"}
  // FLAT-NEXT: nn.read @h.1.a {nn.scope = "h.1.in"}
  %y = nn.apply @h(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  nn.return %y : tensor<4x8xf32>
}
