// RUN: tpc-opt %s -tpc-fuse -tpc-kernels-to-linalg | FileCheck %s

// A sum runs over the dims that its result lacks, in float32 for bf16, and is rounded when it is
// complete.
module {
  nn.input @x : tensor<4x6x8xbf16> dims ["", "", ""]
  nn.entry @e outputs ["columns", "rows", "all"] {
    %x = nn.read @x : tensor<4x6x8xbf16>
    %a = nn.sum %x dims [0, 1] : (tensor<4x6x8xbf16>) -> tensor<8xbf16>
    %b = nn.sum %x dims [2] : (tensor<4x6x8xbf16>) -> tensor<4x6xbf16>
    %c = nn.sum %x dims [0, 1, 2] : (tensor<4x6x8xbf16>) -> tensor<bf16>
    nn.return %a, %b, %c : tensor<8xbf16>, tensor<4x6xbf16>, tensor<bf16>
  }
}

// CHECK: func.func @sum(%[[X:.*]]: tensor<4x6x8xbf16>)
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} iterator_types = ["reduction", "reduction", "parallel"]} ins(%[[X]] {{.*}} outs(%{{.*}} : tensor<8xf32>)
// CHECK: arith.extf
// CHECK-NEXT: arith.addf
// CHECK: %[[COLUMNS:.*]] = linalg.generic {{.*}} ins(%[[SUM]]
// CHECK: arith.truncf
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[X]] {{.*}} outs(%{{.*}} : tensor<4x6xf32>)
// CHECK: %[[ROWS:.*]] = linalg.generic {{.*}} ins(%[[SUM]]
// CHECK: arith.truncf
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} iterator_types = ["reduction", "reduction", "reduction"]} ins(%[[X]] {{.*}} outs(%{{.*}} : tensor<f32>)
// CHECK: %[[ALL:.*]] = linalg.generic {{.*}} iterator_types = []} ins(%[[SUM]]
// CHECK: arith.truncf
// CHECK: return %[[COLUMNS]], %[[ROWS]], %[[ALL]]
