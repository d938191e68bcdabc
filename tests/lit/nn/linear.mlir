// RUN: tpc-opt %s | tpc-opt | FileCheck %s

nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x7x16xf32>
  %w = nn.read @w : tensor<24x16xf32>
  %b = nn.read @b : tensor<24xf32>
  %dy = nn.read @dy : tensor<2x7x24xf32>
  // CHECK: nn.linear %{{.*}}, %{{.*}} : (tensor<2x7x16xf32>, tensor<24x16xf32>) -> tensor<2x7x24xf32>
  %0 = nn.linear %x, %w : (tensor<2x7x16xf32>, tensor<24x16xf32>) -> tensor<2x7x24xf32>
  // CHECK: nn.linear %{{.*}}, %{{.*}} bias %{{.*}} : (tensor<2x7x16xf32>, tensor<24x16xf32>, tensor<24xf32>) -> tensor<2x7x24xf32>
  %1 = nn.linear %x, %w bias %b : (tensor<2x7x16xf32>, tensor<24x16xf32>, tensor<24xf32>) -> tensor<2x7x24xf32>
  // CHECK: nn.linear_input_grad %{{.*}}, %{{.*}} : (tensor<2x7x24xf32>, tensor<24x16xf32>) -> tensor<2x7x16xf32>
  %2 = nn.linear_input_grad %dy, %w : (tensor<2x7x24xf32>, tensor<24x16xf32>) -> tensor<2x7x16xf32>
  // CHECK: nn.linear_weight_grad %{{.*}}, %{{.*}} : (tensor<2x7x24xf32>, tensor<2x7x16xf32>) -> tensor<24x16xf32>
  %3 = nn.linear_weight_grad %dy, %x : (tensor<2x7x24xf32>, tensor<2x7x16xf32>) -> tensor<24x16xf32>

  %a = nn.read @a : tensor<3x5x16xf32>
  %at = nn.read @at : tensor<3x16x5xf32>
  %c = nn.read @c : tensor<3x16x9xf32>
  %ct = nn.read @ct : tensor<3x9x16xf32>
  // CHECK: nn.matmul %{{.*}}, %{{.*}} : (tensor<3x5x16xf32>, tensor<3x16x9xf32>) -> tensor<3x5x9xf32>
  %4 = nn.matmul %a, %c : (tensor<3x5x16xf32>, tensor<3x16x9xf32>) -> tensor<3x5x9xf32>
  // CHECK: nn.matmul %{{.*}}, %{{.*}} {transpose_b} : (tensor<3x5x16xf32>, tensor<3x9x16xf32>) -> tensor<3x5x9xf32>
  %5 = nn.matmul %a, %ct {transpose_b} : (tensor<3x5x16xf32>, tensor<3x9x16xf32>) -> tensor<3x5x9xf32>
  // CHECK: nn.matmul %{{.*}}, %{{.*}} {transpose_a} : (tensor<3x16x5xf32>, tensor<3x16x9xf32>) -> tensor<3x5x9xf32>
  %6 = nn.matmul %at, %c {transpose_a} : (tensor<3x16x5xf32>, tensor<3x16x9xf32>) -> tensor<3x5x9xf32>

  // A product of bfloat16 is float32, or rounded; an encoding is no part of the comparison.
  %h = nn.read @h : tensor<4x16xbf16>
  %v = nn.read @v : tensor<8x16xbf16>
  // CHECK: nn.linear %{{.*}}, %{{.*}} : (tensor<4x16xbf16>, tensor<8x16xbf16>) -> tensor<4x8xf32>
  %7 = nn.linear %h, %v : (tensor<4x16xbf16>, tensor<8x16xbf16>) -> tensor<4x8xf32>
  // CHECK: nn.linear %{{.*}} -> tensor<4x8xf32, "split">
  %8 = nn.linear %h, %v : (tensor<4x16xbf16>, tensor<8x16xbf16>) -> tensor<4x8xf32, "split">
  // CHECK: nn.linear %{{.*}} -> tensor<4x8xbf16>
  %9 = nn.linear %h, %v : (tensor<4x16xbf16>, tensor<8x16xbf16>) -> tensor<4x8xbf16>
  nn.return
}
