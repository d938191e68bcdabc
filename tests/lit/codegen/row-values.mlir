// RUN: tpc-opt %s -tpc-fuse -tpc-kernels-to-linalg | FileCheck %s

// What is the same for a whole row is computed over the rows alone; what a row is divided by is a
// result, and the same tensor. An op of the kernel that follows reads the tensor that the norm made.
module {
  nn.input @x : tensor<4x6x8xf32> dims ["", "", ""]
  nn.input @w : tensor<8xf32> dims [""]
  nn.entry @e outputs ["y", "r"] {
    %x = nn.read @x : tensor<4x6x8xf32>
    %w = nn.read @w : tensor<8xf32>
    %n, %r = nn.layer_normalize %x {eps = 1.0e-5 : f64} : (tensor<4x6x8xf32>) -> (tensor<4x6x8xf32>, tensor<4x6xf32>)
    %y = nn.mul %n, %w : (tensor<4x6x8xf32>, tensor<8xf32>) -> tensor<4x6x8xf32>
    nn.return %y, %r : tensor<4x6x8xf32>, tensor<4x6xf32>
  }
}

// CHECK-DAG: #[[ALL:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[ROWS:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[COLUMNS:.*]] = affine_map<(d0, d1, d2) -> (d2)>
// CHECK-DAG: #[[ROW:.*]] = affine_map<(d0, d1) -> (d0, d1)>

// CHECK: func.func @"layer_normalize+mul"(%[[X:.*]]: tensor<4x6x8xf32>, %[[W:.*]]: tensor<8xf32>)
// CHECK: %[[ZERO:.*]] = linalg.fill
// CHECK: %[[SUM:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[ROWS]]], iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[X]] : tensor<4x6x8xf32>) outs(%[[ZERO]]
// CHECK-NEXT: ^bb0(%[[ELEMENT:.*]]: f32, %[[BEFORE:.*]]: f32):
// CHECK-NEXT: arith.addf %[[BEFORE]], %[[ELEMENT]]
// CHECK: %[[MEAN:.*]] = linalg.generic {indexing_maps = [#[[ROW]], #[[ROW]]], iterator_types = ["parallel", "parallel"]} ins(%[[SUM]]
// CHECK: arith.divf
// CHECK: %[[SQUARES:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[ROWS]], #[[ROWS]]], iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[X]], %[[MEAN]]
// CHECK: arith.subf
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK: %[[RSTD:.*]] = linalg.generic {{.*}} ins(%[[SQUARES]]
// CHECK: math.sqrt
// CHECK: %[[N:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[ROWS]], #[[ROWS]], #[[ALL]]], iterator_types = ["parallel", "parallel", "parallel"]} ins(%[[X]], %[[MEAN]], %[[RSTD]]
// CHECK: %[[Y:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[COLUMNS]], #[[ALL]]], {{.*}} ins(%[[N]], %[[W]]
// CHECK-NOT: linalg.generic
// CHECK: return %[[RSTD]], %[[Y]]
