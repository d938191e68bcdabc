// RUN: tpc-opt %s --tpc-expand-composites | FileCheck %s

// Composite ops become primitive ones in the scope of the op that they replace.

nn.input @x : tensor<2x4x8xf32> dims ["", "", ""] draw #nn.init<normal, 0.0, 1.0>
nn.input @labels : tensor<2x4xi32> dims ["", ""] feed #nn.tokens<>
nn.scalar @seed : tensor<i32> = 0.0 role seed
nn.scalar @step : tensor<i32> = 0.0 role step
nn.parameter @w : tensor<8xf32> init #nn.init<ones>
nn.parameter @b : tensor<8xf32> init #nn.init<zeros>
nn.parameter @fc : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>

// CHECK-LABEL: nn.entry @norms
nn.entry @norms outputs ["y", "z"] {
  // CHECK: %[[X:.*]] = nn.read @x {nn.phase = "forward"}
  %x = nn.read @x : tensor<2x4x8xf32>
  %w = nn.read @w : tensor<8xf32>
  %b = nn.read @b : tensor<8xf32>
  // CHECK: %[[XHAT:.*]], %{{.*}} = nn.layer_normalize %[[X]] {eps = 1.000000e-05 : f64, nn.phase = "forward", nn.scope = "h.0.ln"}
  // CHECK: %[[P:.*]] = nn.mul %[[XHAT]], %{{.*}} {nn.phase = "forward", nn.scope = "h.0.ln"}
  // CHECK: nn.add %[[P]], %{{.*}} {nn.phase = "forward", nn.scope = "h.0.ln"}
  %y = nn.layer_norm %x weight %w bias %b {eps = 1.0e-5, nn.scope = "h.0.ln"} : (tensor<2x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x4x8xf32>
  // CHECK: nn.rms_normalize
  // CHECK-NEXT: nn.mul
  %z = nn.rms_norm %x weight %w {eps = 1.0e-5} : (tensor<2x4x8xf32>, tensor<8xf32>) -> tensor<2x4x8xf32>
  // CHECK-NEXT: nn.return
  nn.return %y, %z : tensor<2x4x8xf32>, tensor<2x4x8xf32>
}

// A bias is an add; a linear op without one, and a dropout that knows its shape, stay as they are.
// CHECK-LABEL: nn.entry @linear
nn.entry @linear outputs ["y"] {
  %x = nn.read @x : tensor<2x4x8xf32>
  %fc = nn.read @fc : tensor<8x8xf32>
  %b = nn.read @b : tensor<8xf32>
  %seed = nn.read @seed : tensor<i32>
  %step = nn.read @step : tensor<i32>
  // CHECK: %[[Y:.*]] = nn.linear %{{[a-z0-9]*}}, %{{[a-z0-9]*}} {
  // CHECK-NEXT: %[[Z:.*]] = nn.add %[[Y]], %{{.*}} {nn.phase = "forward"}
  %y = nn.linear %x, %fc bias %b : (tensor<2x4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<2x4x8xf32>
  // CHECK-NEXT: %[[D:.*]] = nn.dropout %[[Z]], %{{.*}} {global_shape = array<i64: 2, 4, 8>
  %d = nn.dropout %y, %seed, %step {p = 0.1, stream = "drop"} : (tensor<2x4x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xf32>
  // CHECK-NEXT: %[[L:.*]] = nn.linear %[[D]], %{{[a-z0-9]*}} {
  %z = nn.linear %d, %fc : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  // CHECK-NEXT: nn.return %[[L]]
  nn.return %z : tensor<2x4x8xf32>
}

// The loss is taken apart by rows; smoothing needs the sum of all logits, a mean the number of labels.
// CHECK-LABEL: nn.entry @losses
nn.entry @losses outputs ["mean", "sum"] {
  %x = nn.read @x : tensor<2x4x8xf32>
  %labels = nn.read @labels : tensor<2x4xi32>
  // CHECK: %[[MAX:.*]] = nn.ce_row_max %[[X:.*]] {classes = 8 : i64
  // CHECK-NEXT: %[[S:.*]], %[[T:.*]] = nn.ce_row_sums %[[X]], %[[MAX]], %[[LABELS:.*]] {classes = 8 : i64, nn.phase = "forward"}
  // CHECK-NEXT: %[[ROWS:.*]] = nn.ce_row_loss %[[MAX]], %[[S]], %[[T]] labels %[[LABELS]]
  // CHECK-NEXT: %[[SUM:.*]] = nn.sum %[[ROWS]] dims [0, 1]
  // CHECK-NEXT: %[[N:.*]] = nn.count_labels %[[LABELS]] {global_shape = array<i64: 2, 4>, ignore_index = -100 : i64
  // CHECK-NEXT: nn.div_count %[[SUM]], %[[N]]
  %mean = nn.cross_entropy %x, %labels : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  // CHECK-NEXT: nn.ce_row_max
  // CHECK-NEXT: nn.ce_row_sums {{.*}}smoothing
  // CHECK-NEXT: nn.ce_row_loss {{.*}} smoothing
  // CHECK-NEXT: nn.sum
  // CHECK-NEXT: nn.return
  %sum = nn.cross_entropy %x, %labels {label_smoothing = 0.1, reduction = #nn<reduction sum>} : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  nn.return %mean, %sum : tensor<f32>, tensor<f32>
}
