// RUN: tpc-opt %s -tpc-drop-single-rank-collectives | FileCheck %s

module {
  tp.mesh @mesh ["dp" = 2, "tp" = 1]
  nn.input @x : tensor<4xf32> dims [""]
  // CHECK-LABEL: nn.entry @forward
  // CHECK-NEXT: %[[X:.+]] = nn.read @x
  // CHECK-NEXT: %[[Y:.+]] = tp.all_reduce sum %[[X]] on "dp"
  // CHECK-NEXT: nn.return %[[Y]], %[[X]]
  nn.entry @forward outputs ["y", "z"] {
    %x = nn.read @x : tensor<4xf32>
    %y = tp.all_reduce sum %x on "dp" why "kept" : (tensor<4xf32>) -> tensor<4xf32>
    %z = tp.all_reduce sum %x on "tp" why "an identity" : (tensor<4xf32>) -> tensor<4xf32>
    nn.return %y, %z : tensor<4xf32>, tensor<4xf32>
  }
}
