// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: 0 <= beta1 < 1 and 0 <= beta2 < 1
%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{needs 0 <= beta < 1, but a beta is 1}}
%a:3 = nn.adam %p, %p, %p, %p, %lr, %step {beta1 = 0.9, beta2 = 1.0, eps = 1.0e-8, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)

// -----

// constraint: eps is not negative
%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{needs eps >= 0, but eps is -1}}
%a:3 = nn.adam %p, %p, %p, %p, %lr, %step {beta1 = 0.9, beta2 = 0.9, eps = -1.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)

// -----

// constraint: gradient and moments have the type of the parameter
%p, %lr, %step, %v = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<i32>, tensor<8xf64>)
// expected-error @+1 {{needs a gradient and moments of the parameter's type, but has 'tensor<8xf64>' beside 'tensor<8xf32>'}}
%a:3 = nn.adam %p, %p, %p, %v, %lr, %step {beta1 = 0.9, beta2 = 0.9, eps = 1.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf64>, tensor<f32>, tensor<i32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)

// -----

// constraint: lr is 0-d, of the parameter's element type
%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<8xf32>, tensor<i32>)
// expected-error @+1 {{needs an lr of type 'tensor<f32>', but has 'tensor<8xf32>'}}
%a:3 = nn.adam %p, %p, %p, %p, %lr, %step {beta1 = 0.9, beta2 = 0.9, eps = 1.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<i32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)

// -----

// constraint: step is 0-d
%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<8xi32>)
// expected-error @+1 {{needs a step of type tensor<i32>: it is 0-d}}
%a:3 = nn.adam %p, %p, %p, %p, %lr, %step {beta1 = 0.9, beta2 = 0.9, eps = 1.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)

// -----

// constraint: the results have the type of the parameter
%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{has 'tensor<f32>' as result #2}}
%a:3 = nn.adam %p, %p, %p, %p, %lr, %step {beta1 = 0.9, beta2 = 0.9, eps = 1.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<f32>)
