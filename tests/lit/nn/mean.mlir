// RUN: tpc-opt %s | tpc-opt | FileCheck %s

nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x7x24xf32>
  // CHECK: nn.mean %{{.*}} dims [0, 1, 2] : (tensor<2x7x24xf32>) -> tensor<f32>
  %0 = nn.mean %x dims [0, 1, 2] : (tensor<2x7x24xf32>) -> tensor<f32>
  nn.return
}
