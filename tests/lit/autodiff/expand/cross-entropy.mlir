// RUN: tpc-opt %s -split-input-file --tpc-expand-composites | FileCheck %s

// The primitive ops that nn.cross_entropy stands for, by its options.

nn.input @x0 : tensor<2x3x7xf64> dims ["", "", ""]
nn.input @x1 : tensor<2x3xi32> dims ["", ""]
// CHECK-LABEL: nn.entry @f
nn.entry @f outputs ["y"] {
  // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3x7xf64>
  // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<2x3xi32>
  // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.ce_row_max %[[V0]] {classes = 7 : i64, nn.phase = "forward"} : (tensor<2x3x7xf64>) -> tensor<2x3xf64>
  // CHECK-NEXT: %[[SUM_EXP:[^ :,]+]], %[[TARGET:[^ :,]+]] = nn.ce_row_sums %[[V0]], %[[V2]], %[[V1]] {classes = 7 : i64, nn.phase = "forward"} : (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> (tensor<2x3xf64>, tensor<2x3xf64>)
  // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.ce_row_loss %[[V2]], %[[SUM_EXP]], %[[TARGET]] labels %[[V1]] {classes = 7 : i64, ignore_index = -1 : i64, label_smoothing = 0.000000e+00 : f64, nn.phase = "forward"} : (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> tensor<2x3xf64>
  // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.sum %[[V3]] dims [0, 1] {nn.phase = "forward"} : (tensor<2x3xf64>) -> tensor<f64>
  // CHECK-NEXT: %[[V5:[^ :,]+]] = nn.count_labels %[[V1]] {global_shape = array<i64: 2, 3>, ignore_index = -1 : i64, nn.phase = "forward", wide} : (tensor<2x3xi32>) -> tensor<f64>
  // CHECK-NEXT: %[[V6:[^ :,]+]] = nn.div_count %[[V4]], %[[V5]] {nn.phase = "forward"} : (tensor<f64>, tensor<f64>) -> tensor<f64>
  // CHECK-NEXT: nn.return %[[V6]] : tensor<f64>
  %0 = nn.read @x0 : tensor<2x3x7xf64>
  %1 = nn.read @x1 : tensor<2x3xi32>
  %r = nn.cross_entropy %0, %1 {ignore_index = -1 : i64, label_smoothing = 0.0 : f64, reduction = #nn<reduction mean>} : (tensor<2x3x7xf64>, tensor<2x3xi32>) -> tensor<f64>
  nn.return %r : tensor<f64>
}

// -----

nn.input @x0 : tensor<2x3x7xf64> dims ["", "", ""]
nn.input @x1 : tensor<2x3xi32> dims ["", ""]
// CHECK-LABEL: nn.entry @f
nn.entry @f outputs ["y"] {
  // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3x7xf64>
  // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<2x3xi32>
  // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.ce_row_max %[[V0]] {classes = 7 : i64, nn.phase = "forward"} : (tensor<2x3x7xf64>) -> tensor<2x3xf64>
  // CHECK-NEXT: %[[SUM_EXP:[^ :,]+]], %[[TARGET:[^ :,]+]], %[[SUM_LOGITS:[^ :,]+]] = nn.ce_row_sums %[[V0]], %[[V2]], %[[V1]] {classes = 7 : i64, nn.phase = "forward", smoothing} : (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>)
  // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.ce_row_loss %[[V2]], %[[SUM_EXP]], %[[TARGET]] smoothing %[[SUM_LOGITS]] labels %[[V1]] {classes = 7 : i64, ignore_index = -1 : i64, label_smoothing = 1.000000e-01 : f64, nn.phase = "forward"} : (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> tensor<2x3xf64>
  // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.sum %[[V3]] dims [0, 1] {nn.phase = "forward"} : (tensor<2x3xf64>) -> tensor<f64>
  // CHECK-NEXT: %[[V5:[^ :,]+]] = nn.count_labels %[[V1]] {global_shape = array<i64: 2, 3>, ignore_index = -1 : i64, nn.phase = "forward", wide} : (tensor<2x3xi32>) -> tensor<f64>
  // CHECK-NEXT: %[[V6:[^ :,]+]] = nn.div_count %[[V4]], %[[V5]] {nn.phase = "forward"} : (tensor<f64>, tensor<f64>) -> tensor<f64>
  // CHECK-NEXT: nn.return %[[V6]] : tensor<f64>
  %0 = nn.read @x0 : tensor<2x3x7xf64>
  %1 = nn.read @x1 : tensor<2x3xi32>
  %r = nn.cross_entropy %0, %1 {ignore_index = -1 : i64, label_smoothing = 0.1 : f64, reduction = #nn<reduction mean>} : (tensor<2x3x7xf64>, tensor<2x3xi32>) -> tensor<f64>
  nn.return %r : tensor<f64>
}

// -----

nn.input @x0 : tensor<2x3x7xf64> dims ["", "", ""]
nn.input @x1 : tensor<2x3xi32> dims ["", ""]
// CHECK-LABEL: nn.entry @f
nn.entry @f outputs ["y"] {
  // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3x7xf64>
  // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<2x3xi32>
  // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.ce_row_max %[[V0]] {classes = 7 : i64, nn.phase = "forward"} : (tensor<2x3x7xf64>) -> tensor<2x3xf64>
  // CHECK-NEXT: %[[SUM_EXP:[^ :,]+]], %[[TARGET:[^ :,]+]] = nn.ce_row_sums %[[V0]], %[[V2]], %[[V1]] {classes = 7 : i64, nn.phase = "forward"} : (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> (tensor<2x3xf64>, tensor<2x3xf64>)
  // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.ce_row_loss %[[V2]], %[[SUM_EXP]], %[[TARGET]] labels %[[V1]] {classes = 7 : i64, ignore_index = -1 : i64, label_smoothing = 0.000000e+00 : f64, nn.phase = "forward"} : (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> tensor<2x3xf64>
  // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.sum %[[V3]] dims [0, 1] {nn.phase = "forward"} : (tensor<2x3xf64>) -> tensor<f64>
  // CHECK-NEXT: nn.return %[[V4]] : tensor<f64>
  %0 = nn.read @x0 : tensor<2x3x7xf64>
  %1 = nn.read @x1 : tensor<2x3xi32>
  %r = nn.cross_entropy %0, %1 {ignore_index = -1 : i64, label_smoothing = 0.0 : f64, reduction = #nn<reduction sum>} : (tensor<2x3x7xf64>, tensor<2x3xi32>) -> tensor<f64>
  nn.return %r : tensor<f64>
}

// -----

nn.input @x0 : tensor<2x3x7xf64> dims ["", "", ""]
nn.input @x1 : tensor<2x3xi32> dims ["", ""]
// CHECK-LABEL: nn.entry @f
nn.entry @f outputs ["y"] {
  // CHECK-NEXT: %[[V0:[^ :,]+]] = nn.read @x0 {nn.phase = "forward"} : tensor<2x3x7xf64>
  // CHECK-NEXT: %[[V1:[^ :,]+]] = nn.read @x1 {nn.phase = "forward"} : tensor<2x3xi32>
  // CHECK-NEXT: %[[V2:[^ :,]+]] = nn.ce_row_max %[[V0]] {classes = 7 : i64, nn.phase = "forward"} : (tensor<2x3x7xf64>) -> tensor<2x3xf64>
  // CHECK-NEXT: %[[SUM_EXP:[^ :,]+]], %[[TARGET:[^ :,]+]], %[[SUM_LOGITS:[^ :,]+]] = nn.ce_row_sums %[[V0]], %[[V2]], %[[V1]] {classes = 7 : i64, nn.phase = "forward", smoothing} : (tensor<2x3x7xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>)
  // CHECK-NEXT: %[[V3:[^ :,]+]] = nn.ce_row_loss %[[V2]], %[[SUM_EXP]], %[[TARGET]] smoothing %[[SUM_LOGITS]] labels %[[V1]] {classes = 7 : i64, ignore_index = -1 : i64, label_smoothing = 1.000000e-01 : f64, nn.phase = "forward"} : (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xi32>) -> tensor<2x3xf64>
  // CHECK-NEXT: %[[V4:[^ :,]+]] = nn.sum %[[V3]] dims [0, 1] {nn.phase = "forward"} : (tensor<2x3xf64>) -> tensor<f64>
  // CHECK-NEXT: nn.return %[[V4]] : tensor<f64>
  %0 = nn.read @x0 : tensor<2x3x7xf64>
  %1 = nn.read @x1 : tensor<2x3xi32>
  %r = nn.cross_entropy %0, %1 {ignore_index = -1 : i64, label_smoothing = 0.1 : f64, reduction = #nn<reduction sum>} : (tensor<2x3x7xf64>, tensor<2x3xi32>) -> tensor<f64>
  nn.return %r : tensor<f64>
}
