// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: there is a moment just where momentum is not 0
%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{needs a moment just where momentum is not 0; it lacks one, and momentum is 5.000000e-01}}
nn.sgd %p, %p, %lr, %step {momentum = 0.5, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> tensor<8xf32>

// -----

// constraint: gradient and moment have the type of the parameter
%p, %g, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<4xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{needs a gradient and moments of the parameter's type, but has 'tensor<4xf32>' beside 'tensor<8xf32>'}}
nn.sgd %p, %g, %lr, %step {momentum = 0.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<4xf32>, tensor<f32>, tensor<i32>) -> tensor<8xf32>

// -----

// constraint: lr is 0-d, of the parameter's element type
%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f64>, tensor<i32>)
// expected-error @+1 {{needs an lr of type 'tensor<f32>', but has 'tensor<f64>'}}
nn.sgd %p, %p, %lr, %step {momentum = 0.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<f64>, tensor<i32>) -> tensor<8xf32>

// -----

// constraint: step is 0-d
%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<1xi32>)
// expected-error @+1 {{needs a step of type tensor<i32>: it is 0-d}}
nn.sgd %p, %p, %lr, %step {momentum = 0.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<1xi32>) -> tensor<8xf32>

// -----

// constraint: the results have the type of the parameter
%p, %lr, %step = "test.values"() : () -> (tensor<8xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{has 'tensor<4xf32>' as result #0}}
nn.sgd %p, %p, %lr, %step {momentum = 0.0, weight_decay = 0.0} : (tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> tensor<4xf32>
