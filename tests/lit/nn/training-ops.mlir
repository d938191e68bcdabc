// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s

%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<i32>)

// CHECK: nn.clip_factor %{{.*}} {max_norm = 1.000000e+00 : f64} : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
%c:2 = nn.clip_factor %lr {max_norm = 1.0} : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
// CHECK: nn.sgd %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {momentum = 0.000000e+00 : f64, weight_decay = 0.000000e+00 : f64} : (tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> tensor<8xf32>
nn.sgd %p, %p, %lr, %step {momentum = 0.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> tensor<8xf32>
// CHECK: nn.sgd %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {momentum = 9.000000e-01 : f64
%s:2 = nn.sgd %p, %p, %p, %lr, %step {momentum = 0.9, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> (tensor<8xf32>, tensor<8xf32>)
// CHECK: nn.adam %{{.*}} {beta1 = 9.000000e-01 : f64, beta2 = {{[0-9.e-]*}} : f64, eps = 1.000000e-08 : f64, weight_decay = 0.000000e+00 : f64}
%a:3 = nn.adam %p, %p, %p, %p, %lr, %step {beta1 = 0.9, beta2 = 9.990000e-01, eps = 1.0e-8, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)
// CHECK: nn.adam %{{.*}} decoupled = true
%b:3 = nn.adam %p, %p, %p, %p, %lr, %step {beta1 = 0.9, beta2 = 0.95, decoupled = true, eps = 1.0e-8, weight_decay = 0.1} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)
