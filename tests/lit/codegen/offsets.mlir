// RUN: tpc-opt %s -tpc-fuse -tpc-kernels-to-linalg | FileCheck %s

// Where a rank's part begins is an argument.
module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<4x5xf32> dims ["", ""]
  nn.entry @e outputs ["max", "y"] {
    %x = nn.read @x : tensor<4x5xf32>
    %o = tp.offset 5 on "tp"
    %max = nn.ce_row_max %x at %o {classes = 9 : i64} : (tensor<4x5xf32>, index) -> tensor<4xf32>
    %y = tp.mask %x at %o dim 1 minor 1 extent 5 logical 9 fill 0.0 : tensor<4x5xf32> -> tensor<4x5xf32>
    nn.return %max, %y : tensor<4xf32>, tensor<4x5xf32>
  }
}

// CHECK: func.func @"ce_row_max+mask"(%[[X:.*]]: tensor<4x5xf32>, %[[OFFSET:.*]]: index)
// CHECK: %[[MINUS_INFINITY:.*]] = arith.constant 0xFF800000
// CHECK: linalg.fill ins(%[[MINUS_INFINITY]]
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[X]]
// CHECK: %[[COLUMN:.*]] = linalg.index 1
// CHECK-NEXT: %[[POSITION:.*]] = arith.addi %[[COLUMN]], %[[OFFSET]]
// CHECK-NEXT: %[[CLASS:.*]] = arith.index_cast %[[POSITION]] : index to i32
// CHECK-NEXT: arith.cmpi slt, %[[CLASS]]
// CHECK: arith.maximumf
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins(%[[X]]
// CHECK: arith.addi %[[OFFSET]]
// CHECK: arith.select
