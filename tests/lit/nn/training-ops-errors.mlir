// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

%n = "test.value"() : () -> tensor<f32>
// expected-error @+1 {{needs max_norm > 0, but max_norm is 0}}
%c:2 = nn.clip_factor %n {max_norm = 0.0} : (tensor<f32>) -> (tensor<f32>, tensor<f32>)

// -----

%n = "test.value"() : () -> tensor<2xf32>
// expected-error @+1 {{needs a 0-d squared norm, but has 'tensor<2xf32>'}}
%c:2 = nn.clip_factor %n {max_norm = 1.0} : (tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>)

// -----

%n = "test.value"() : () -> tensor<f32>
// expected-error @+1 {{has 'tensor<f64>' as result #1}}
%c:2 = nn.clip_factor %n {max_norm = 1.0} : (tensor<f32>) -> (tensor<f32>, tensor<f64>)

// -----

%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{needs a moment just where momentum is not 0; it lacks one, and momentum is 5.000000e-01}}
nn.sgd %p, %p, %lr, %step {momentum = 0.5, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> tensor<8xf32>

// -----

%p, %g, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<4xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{needs a gradient and moments of the parameter's type, but has 'tensor<4xf32>' beside 'tensor<8xf32>'}}
nn.sgd %p, %g, %lr, %step {momentum = 0.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<4xf32>, tensor<f32>, tensor<i32>) -> tensor<8xf32>

// -----

%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f64>, tensor<i32>)
// expected-error @+1 {{needs an lr of type 'tensor<f32>', but has 'tensor<f64>'}}
nn.sgd %p, %p, %lr, %step {momentum = 0.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<f64>, tensor<i32>) -> tensor<8xf32>

// -----

%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<1xi32>)
// expected-error @+1 {{needs a step of type tensor<i32>: it is 0-d}}
nn.sgd %p, %p, %lr, %step {momentum = 0.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<1xi32>) -> tensor<8xf32>

// -----

%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{has 'tensor<4xf32>' as result #0}}
nn.sgd %p, %p, %lr, %step {momentum = 0.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> tensor<4xf32>

// -----

%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{needs 0 <= beta < 1, but a beta is 1}}
%a:3 = nn.adam %p, %p, %p, %p, %lr, %step {beta1 = 0.9, beta2 = 1.0, eps = 1.0e-8, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)

// -----

%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{needs eps >= 0, but eps is -1}}
%a:3 = nn.adam %p, %p, %p, %p, %lr, %step {beta1 = 0.9, beta2 = 0.9, eps = -1.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)

// -----

%p, %lr, %step, %v = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<i32>, tensor<8xf64>)
// expected-error @+1 {{needs a gradient and moments of the parameter's type, but has 'tensor<8xf64>' beside 'tensor<8xf32>'}}
%a:3 = nn.adam %p, %p, %p, %v, %lr, %step {beta1 = 0.9, beta2 = 0.9, eps = 1.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf64>, tensor<f32>, tensor<i32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)

// -----

%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<8xf32>, tensor<i32>)
// expected-error @+1 {{needs an lr of type 'tensor<f32>', but has 'tensor<8xf32>'}}
%a:3 = nn.adam %p, %p, %p, %p, %lr, %step {beta1 = 0.9, beta2 = 0.9, eps = 1.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<i32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)

// -----

%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<8xi32>)
// expected-error @+1 {{needs a step of type tensor<i32>: it is 0-d}}
%a:3 = nn.adam %p, %p, %p, %p, %lr, %step {beta1 = 0.9, beta2 = 0.9, eps = 1.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)

// -----

%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{has 'tensor<f32>' as result #2}}
%a:3 = nn.adam %p, %p, %p, %p, %lr, %step {beta1 = 0.9, beta2 = 0.9, eps = 1.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<f32>)
