// RUN: tpc-opt %s --tpc-shard="tp=2" --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s
// RUN: tpc-opt %s --tpc-shard="tp=1" --tpc-verify-sharded --tpc-partition --tpc-verify-local | FileCheck %s --check-prefix=ONE

// A column split, a row split, and one all_reduce; on one rank nothing at all.

// CHECK-LABEL: nn.entry @forward
// CHECK: nn.linear {{.*}} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
// CHECK: nn.gelu
// CHECK: %[[P:.*]] = nn.linear {{.*}} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
// CHECK: tp.all_reduce sum %[[P]] on "tp" why "mlp nn.add takes operand 0 replicated on tp
// CHECK-NOT: tp.
// CHECK: nn.return

// ONE: tp.mesh @mesh ["tp" = 1]
// ONE-LABEL: nn.entry @forward
// ONE-NOT: tp.
// ONE: nn.return

nn.input @x : tensor<4x8xf32> dims ["", ""]
nn.parameter @fc : tensor<16x8xf32> init #nn.init<zeros>
nn.parameter @proj : tensor<8x16xf32> init #nn.init<zeros>
nn.parameter @bias : tensor<8xf32> init #nn.init<zeros>
nn.entry @forward outputs ["y"] {
  %x = nn.read @x {nn.phase = "forward"} : tensor<4x8xf32>
  %w1 = nn.read @fc {nn.phase = "forward"} : tensor<16x8xf32>
  %w2 = nn.read @proj {nn.phase = "forward"} : tensor<8x16xf32>
  %b = nn.read @bias {nn.phase = "forward"} : tensor<8xf32>
  %h = nn.linear %x, %w1 {nn.phase = "forward", nn.scope = "mlp"} : (tensor<4x8xf32>, tensor<16x8xf32>) -> tensor<4x16xf32>
  %a = nn.gelu %h {nn.phase = "forward", nn.scope = "mlp"} : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %p = nn.linear %a, %w2 {nn.phase = "forward", nn.scope = "mlp"} : (tensor<4x16xf32>, tensor<8x16xf32>) -> tensor<4x8xf32>
  %y = nn.add %p, %b {nn.phase = "forward", nn.scope = "mlp"} : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  nn.return %y : tensor<4x8xf32>
}
