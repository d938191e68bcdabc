// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s

// Every pointwise op, as its documentation writes it, comes back as it was.

%x, %a, %b = "test.values"() : () -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<3xf32>)
%seed, %step, %offset = "test.scalars"() : () -> (tensor<i32>, tensor<i32>, index)

// CHECK: nn.fill 1.000000e+00 : tensor<f32>
nn.fill 1.0 : tensor<f32>
// CHECK: nn.add %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
nn.add %x, %a, %b : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK: nn.sub %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
nn.sub %x, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK: nn.mul
nn.mul %b, %x : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.div
nn.div %x, %a : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.neg %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
nn.neg %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.exp
nn.exp %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.log
nn.log %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.tanh
nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.sqrt
nn.sqrt %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.square
nn.square %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.silu
nn.silu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.silu_grad
nn.silu_grad %x, %a : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.relu
nn.relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.relu_grad
nn.relu_grad %x, %a : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.scale %{{.*}} {factor = 5.000000e-01 : f64}
nn.scale %x {factor = 0.5} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.gelu %{{.*}} : (tensor<2x3xf32>)
nn.gelu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.gelu %{{.*}} {tanh}
nn.gelu %x {tanh} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.gelu_grad
nn.gelu_grad %x, %a : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.cast %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xbf16>
nn.cast %x : (tensor<2x3xf32>) -> tensor<2x3xbf16>
// CHECK: nn.cast %{{.*}} {tf32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
nn.cast %x {tf32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.dropout %{{.*}}, %{{.*}}, %{{.*}} {p = 1.000000e-01 : f64, stream = "h.0.drop"}
nn.dropout %x, %seed, %step {p = 0.1, stream = "h.0.drop"} : (tensor<2x3xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf32>
// CHECK: nn.dropout %{{.*}}, %{{.*}}, %{{.*}} at %{{.*}}, %{{.*}} {global_shape = array<i64: 4, 3>
nn.dropout %x, %seed, %step at %offset, %offset {p = 0.1, stream = "h.0.drop", global_shape = array<i64: 4, 3>}
    : (tensor<2x3xf32>, tensor<i32>, tensor<i32>, index, index) -> tensor<2x3xf32>
