// RUN: tpc-opt %s | tpc-opt | FileCheck %s

nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x7x16xf32>
  %w = nn.read @w : tensor<24x16xf32>
  %b = nn.read @b : tensor<24xf32>
  // CHECK: nn.linear %{{.*}}, %{{.*}} bias %{{.*}} : (tensor<2x7x16xf32>, tensor<24x16xf32>, tensor<24xf32>) -> tensor<2x7x24xf32>
  %0 = nn.linear %x, %w bias %b : (tensor<2x7x16xf32>, tensor<24x16xf32>, tensor<24xf32>) -> tensor<2x7x24xf32>

  // A product of bfloat16 is float32, or rounded; an encoding is no part of the comparison.
  %h = nn.read @h : tensor<4x16xbf16>
  %v = nn.read @v : tensor<8x16xbf16>
  // CHECK: nn.linear %{{.*}}, %{{.*}} : (tensor<4x16xbf16>, tensor<8x16xbf16>) -> tensor<4x8xf32>
  %1 = nn.linear %h, %v : (tensor<4x16xbf16>, tensor<8x16xbf16>) -> tensor<4x8xf32>
  // CHECK: nn.linear %{{.*}} -> tensor<4x8xf32, "split">
  %2 = nn.linear %h, %v : (tensor<4x16xbf16>, tensor<8x16xbf16>) -> tensor<4x8xf32, "split">
  // CHECK: nn.linear %{{.*}} -> tensor<4x8xbf16>
  %3 = nn.linear %h, %v : (tensor<4x16xbf16>, tensor<8x16xbf16>) -> tensor<4x8xbf16>
  nn.return
}
