// RUN: tpc-opt %s --tpc-unroll-layers --tpc-flatten-scopes --tpc-verify-model | FileCheck %s

// Each layer drops elements of its own, and so does each application; entries agree.
nn.scalar @seed : tensor<i32> = 0.0 role seed
nn.scalar @step : tensor<i32> = 0.0 role step
nn.input @x : tensor<4x8xf32> dims ["", ""]
nn.layers @h count 2 {
  nn.block (%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %s = nn.read @seed : tensor<i32>
    %t = nn.read @step : tensor<i32>
    %y = nn.scope "mlp" -> tensor<4x8xf32> {
      %0 = nn.dropout %x, %s, %t {p = 0.5 : f64, stream = "drop"} : (tensor<4x8xf32>, tensor<i32>, tensor<i32>) -> tensor<4x8xf32>
      nn.yield %0 : tensor<4x8xf32>
    }
    nn.return %y : tensor<4x8xf32>
  }
}

// CHECK-LABEL: nn.entry @twice
// CHECK: stream = "h.0.drop"}
// CHECK: stream = "h.1.drop"}
// CHECK: stream = "h.0.drop#2"}
// CHECK: stream = "h.1.drop#2"}
nn.entry @twice outputs ["y"] {
  %x = nn.read @x : tensor<4x8xf32>
  %y = nn.apply @h(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %z = nn.apply @h(%y) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  nn.return %z : tensor<4x8xf32>
}

// CHECK-LABEL: nn.entry @once
// CHECK: stream = "h.0.drop"}
// CHECK: stream = "h.1.drop"}
nn.entry @once outputs ["y"] {
  %x = nn.read @x : tensor<4x8xf32>
  %y = nn.apply @h(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  nn.return %y : tensor<4x8xf32>
}
