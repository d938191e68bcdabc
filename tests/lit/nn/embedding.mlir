// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s

%ids, %table, %dy = "test.values"() : () -> (tensor<2x4xi32>, tensor<16x8xf32>, tensor<2x4x8xf32>)
%x, %offset = "test.values"() : () -> (tensor<2x4x2x8xf32>, index)

// CHECK: nn.positions %{{.*}} : (tensor<2x4xi32>) -> tensor<2x4xi32>
nn.positions %ids : (tensor<2x4xi32>) -> tensor<2x4xi32>
// CHECK: nn.positions %{{.*}} at %{{.*}} : (tensor<2x4xi32>, index) -> tensor<2x4xi32>
nn.positions %ids at %offset : (tensor<2x4xi32>, index) -> tensor<2x4xi32>
// CHECK: nn.embedding %{{.*}}, %{{.*}} : (tensor<2x4xi32>, tensor<16x8xf32>) -> tensor<2x4x8xf32>
nn.embedding %ids, %table : (tensor<2x4xi32>, tensor<16x8xf32>) -> tensor<2x4x8xf32>
// CHECK: nn.embedding %{{.*}}, %{{.*}} at %{{.*}} :
nn.embedding %ids, %table at %offset : (tensor<2x4xi32>, tensor<16x8xf32>, index) -> tensor<2x4x8xf32>
// CHECK: nn.embedding_grad %{{.*}}, %{{.*}} like %{{.*}} : (tensor<2x4xi32>, tensor<2x4x8xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>
nn.embedding_grad %ids, %dy like %table : (tensor<2x4xi32>, tensor<2x4x8xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>
// CHECK: nn.embedding_grad %{{.*}}, %{{.*}} like %{{.*}} at %{{.*}} {rows = 15 : i64} :
nn.embedding_grad %ids, %dy like %table at %offset {rows = 15 : i64} : (tensor<2x4xi32>, tensor<2x4x8xf32>, tensor<16x8xf32>, index) -> tensor<16x8xf32>
// CHECK: nn.rope %{{[a-z0-9#]*}} : (tensor<2x4x2x8xf32>)
nn.rope %x : (tensor<2x4x2x8xf32>) -> tensor<2x4x2x8xf32>
// CHECK: nn.rope %{{.*}} at %{{.*}} {inverse, theta = 5.000000e+05 : f64}
nn.rope %x at %offset {theta = 500000.0, inverse} : (tensor<2x4x2x8xf32>, index) -> tensor<2x4x2x8xf32>
