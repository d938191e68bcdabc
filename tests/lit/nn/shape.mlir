// RUN: tpc-opt %s | tpc-opt | FileCheck %s

nn.entry @e outputs [] {
  %x = nn.read @x : tensor<2x7x24xf32>
  // CHECK: nn.split_dim %{{.*}} dim 2 minor 8 : (tensor<2x7x24xf32>) -> tensor<2x7x3x8xf32>
  %0 = nn.split_dim %x dim 2 minor 8 : (tensor<2x7x24xf32>) -> tensor<2x7x3x8xf32>
  // CHECK: nn.merge_dims %{{.*}} dim 2 : (tensor<2x7x3x8xf32>) -> tensor<2x7x24xf32>
  %1 = nn.merge_dims %0 dim 2 : (tensor<2x7x3x8xf32>) -> tensor<2x7x24xf32>
  // CHECK: nn.transpose %{{.*}} [2, 0, 1] : (tensor<2x7x24xf32>) -> tensor<24x2x7xf32>
  %2 = nn.transpose %x [2, 0, 1] : (tensor<2x7x24xf32>) -> tensor<24x2x7xf32>
  // CHECK: nn.slice %{{.*}} dim 1 start 2 size 3 : (tensor<2x7x24xf32>) -> tensor<2x3x24xf32>
  %3 = nn.slice %x dim 1 start 2 size 3 : (tensor<2x7x24xf32>) -> tensor<2x3x24xf32>
  // CHECK: nn.concat %{{.*}}, %{{.*}} dim 1 : (tensor<2x7x24xf32>, tensor<2x3x24xf32>) -> tensor<2x10x24xf32>
  %4 = nn.concat %x, %3 dim 1 : (tensor<2x7x24xf32>, tensor<2x3x24xf32>) -> tensor<2x10x24xf32>
  // CHECK: nn.pad %{{.*}} dim 1 start 2 : (tensor<2x3x24xf32>) -> tensor<2x7x24xf32>
  %5 = nn.pad %3 dim 1 start 2 : (tensor<2x3x24xf32>) -> tensor<2x7x24xf32>
  // CHECK: nn.sum %{{.*}} dims [0, 1] : (tensor<2x7x24xf32>) -> tensor<24xf32>
  %6 = nn.sum %x dims [0, 1] : (tensor<2x7x24xf32>) -> tensor<24xf32>
  // CHECK: nn.broadcast %{{.*}} like %{{.*}} dims [0, 1] : (tensor<24xf32>, tensor<2x7x24xf32>) -> tensor<2x7x24xf32>
  %7 = nn.broadcast %6 like %x dims [0, 1] : (tensor<24xf32>, tensor<2x7x24xf32>) -> tensor<2x7x24xf32>
  // CHECK: nn.mean %{{.*}} dims [0, 1, 2] : (tensor<2x7x24xf32>) -> tensor<f32>
  %8 = nn.mean %x dims [0, 1, 2] : (tensor<2x7x24xf32>) -> tensor<f32>
  nn.return
}
