// RUN: tpc-opt %s -tpc-fuse -tpc-kernels-to-linalg | FileCheck %s

// The gradient of an embedding: each row of the table adds the elements of the tokens that read it.
module {
  nn.input @ids : tensor<2x5xi32> dims ["", ""]
  nn.input @d : tensor<2x5x8xf32> dims ["", "", ""]
  nn.input @table : tensor<9x8xf32> dims ["", ""]
  nn.input @head : tensor<9x8xf32> dims ["", ""]
  nn.entry @e outputs ["y"] {
    %ids = nn.read @ids : tensor<2x5xi32>
    %d = nn.read @d : tensor<2x5x8xf32>
    %t = nn.read @table : tensor<9x8xf32>
    %g = nn.embedding_grad %ids, %d like %t {rows = 9 : i64} : (tensor<2x5xi32>, tensor<2x5x8xf32>, tensor<9x8xf32>) -> tensor<9x8xf32>
    nn.return %g : tensor<9x8xf32>
  }
  nn.entry @tied outputs ["y"] {
    %ids = nn.read @ids : tensor<2x5xi32>
    %d = nn.read @d : tensor<2x5x8xf32>
    %t = nn.read @table : tensor<9x8xf32>
    %h = nn.read @head : tensor<9x8xf32>
    %k = nn.kernel "k" (%a = %h : tensor<9x8xf32>, %b = %ids : tensor<2x5xi32>, %c = %d : tensor<2x5x8xf32>, %l = %t : tensor<9x8xf32>) -> (tensor<9x8xf32>) {
      %g = nn.embedding_grad %b, %c like %l {rows = 9 : i64} : (tensor<2x5xi32>, tensor<2x5x8xf32>, tensor<9x8xf32>) -> tensor<9x8xf32>
      %s = nn.add %a, %g : (tensor<9x8xf32>, tensor<9x8xf32>) -> tensor<9x8xf32>
      nn.yield %s : tensor<9x8xf32>
    }
    nn.return %k : tensor<9x8xf32>
  }
}

// CHECK-DAG: #[[TOKENS:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d2)>
// CHECK-DAG: #[[ELEMENTS:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d2, d3)>
// CHECK-DAG: #[[TABLE:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d3)>

// CHECK: func.func @embedding_grad(%[[IDS:.*]]: tensor<2x5xi32>, %[[D:.*]]: tensor<2x5x8xf32>,
// CHECK: %[[ZERO:.*]] = linalg.fill
// CHECK: linalg.generic {indexing_maps = [#[[TOKENS]], #[[ELEMENTS]], #[[TABLE]]], iterator_types = ["parallel", "reduction", "reduction", "parallel"]} ins(%[[IDS]], %[[D]] {{.*}} outs(%[[ZERO]]
// CHECK: ^bb0(%{{.*}}: i32, %[[ELEMENT:.*]]: f32, %[[BEFORE:.*]]: f32):
// CHECK: %[[ROW:.*]] = linalg.index 0
// CHECK-NEXT: %[[HERE:.*]] = arith.cmpi eq, %{{.*}}, %[[ROW]]
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[BEFORE]], %[[ELEMENT]]
// CHECK-NEXT: arith.select %[[HERE]], %[[SUM]], %[[BEFORE]]

// The gradient of a tied table begins as the one of the head.
// CHECK: func.func @k(%[[HEAD:.*]]: tensor<9x8xf32>,
// CHECK-NOT: linalg.fill
// CHECK: linalg.generic {{.*}} outs(%[[HEAD]] : tensor<9x8xf32>)
