// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s

%logits, %labels, %row = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xi32>, tensor<4xf32>)
%scalar, %offset = "test.values"() : () -> (tensor<f32>, index)

// CHECK: nn.cross_entropy %{{.*}}, %{{.*}} : (tensor<4x16xf32>, tensor<4xi32>) -> tensor<f32>
nn.cross_entropy %logits, %labels : (tensor<4x16xf32>, tensor<4xi32>) -> tensor<f32>
// CHECK: nn.cross_entropy %{{.*}}, %{{.*}} {ignore_index = 0 : i64, label_smoothing = 1.000000e-01 : f64, reduction = {{.*}}sum
nn.cross_entropy %logits, %labels {ignore_index = 0, label_smoothing = 0.1, reduction = #nn<reduction sum>} : (tensor<4x16xf32>, tensor<4xi32>) -> tensor<f32>
// CHECK: nn.ce_row_max %{{.*}} at %{{.*}} {classes = 60 : i64}
nn.ce_row_max %logits at %offset {classes = 60} : (tensor<4x16xf32>, index) -> tensor<4xf32>
// CHECK: nn.ce_row_sums %{{.*}}, %{{.*}}, %{{.*}} at %{{.*}} {classes = 60 : i64, smoothing}
%t:3 = nn.ce_row_sums %logits, %row, %labels at %offset {classes = 60, smoothing} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, index) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
// CHECK: nn.ce_row_sums_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} smoothing %{{.*}} at %{{.*}} {classes = 60 : i64}
nn.ce_row_sums_grad %logits, %row, %labels, %row, %row smoothing %row at %offset {classes = 60} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, index) -> tensor<4x16xf32>
// CHECK: nn.count_labels %{{.*}} {global_shape = array<i64: 4>, ignore_index = -100 : i64} : (tensor<4xi32>) -> tensor<f32>
nn.count_labels %labels {ignore_index = -100, global_shape = array<i64: 4>} : (tensor<4xi32>) -> tensor<f32>
// CHECK: nn.count_labels %{{.*}} at %{{.*}} {global_shape = array<i64: 7>, ignore_index = -100 : i64, wide} : (tensor<4xi32>, index) -> tensor<f64>
nn.count_labels %labels at %offset {ignore_index = -100, global_shape = array<i64: 7>, wide} : (tensor<4xi32>, index) -> tensor<f64>
// CHECK: nn.div_count %{{.*}}, %{{.*}} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
nn.div_count %row, %scalar : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
