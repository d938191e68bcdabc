// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s

%x, %w = "test.values"() : () -> (tensor<2x3x8xf32>, tensor<8xf32>)
%h = "test.value"() : () -> tensor<3x8xbf16>

// CHECK: nn.layer_norm %{{.*}} weight %{{.*}} bias %{{.*}} {eps = 1.000000e-05 : f64} : (tensor<2x3x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x3x8xf32>
nn.layer_norm %x weight %w bias %w {eps = 1.0e-5} : (tensor<2x3x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x3x8xf32>
// CHECK: nn.layer_norm %{{.*}} bias %{{.*}} {eps
nn.layer_norm %x bias %w {eps = 1.0e-5} : (tensor<2x3x8xf32>, tensor<8xf32>) -> tensor<2x3x8xf32>
// CHECK: nn.layer_norm %{{[a-z0-9#]*}} {eps
nn.layer_norm %x {eps = 1.0e-5} : (tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
// CHECK: nn.rms_norm %{{.*}} weight %{{.*}} {eps
nn.rms_norm %x weight %w {eps = 1.0e-6} : (tensor<2x3x8xf32>, tensor<8xf32>) -> tensor<2x3x8xf32>
// Row statistics are float32 where values are narrower.
// CHECK: nn.rms_normalize %{{.*}} : (tensor<3x8xbf16>) -> (tensor<3x8xbf16>, tensor<3xf32>)
%r:2 = nn.rms_normalize %h {eps = 1.0e-5} : (tensor<3x8xbf16>) -> (tensor<3x8xbf16>, tensor<3xf32>)
